import { defineComponent, onMounted, ref } from "vue";
import { render } from "./template.html";

export const App = defineComponent({
  render,
  setup() {
    const [path, clicks, name, emphasis, shown] = ["/", 0, "original", true, true].map((value) => ref(value));
    const go = () => {
      history.pushState({}, "", "/second");
      path.value = "/second";
    };
    onMounted(() => {
      addEventListener("popstate", () => (path.value = location.pathname));
      const set = (one) => (value) => (one.value = value);
      window.app = { setName: set(name), setEmphasis: set(emphasis), setShown: set(shown) };
      window.hydrated = true;
    });
    return { path, clicks, name, emphasis, shown, go };
  },
});

// The site's own fonts and colours, so that a component looks as if it were made for it; as far as they can be read on each
// other (WCAG AA).
type Colour = readonly [red: number, green: number, blue: number, alpha: number];

const READABLE = 4.5;
const BUTTONS = "button,[type=submit],[role=button],a[class*=btn],a[class*=button],a[class*=cta]";
const WHITE: Colour = [255, 255, 255, 1];
const BLACK: Colour = [17, 17, 17, 1];

let canvas: CanvasRenderingContext2D | null | undefined;

/** Whatever way a colour is written, as the screen has it. */
function colourOf(text: string): Colour {
  const plain = /^rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)$/.exec(text);
  if (plain) return [+plain[1]!, +plain[2]!, +plain[3]!, +(plain[4] || 1)];
  if (canvas === undefined) canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (!canvas) return [0, 0, 0, 0];
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = text;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
  return [red!, green!, blue!, alpha! / 255];
}

function luminance(colour: Colour): number {
  const [red, green, blue] = colour.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

export function contrast(one: Colour, other: Colour): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high! + 0.05) / (low! + 0.05);
}

const written = ([red, green, blue]: Colour, alpha = 1): string => `rgba(${red},${green},${blue},${alpha})`;
const isSolid = (colour: Colour): boolean => colour[3] > 0.9;
const readableOn = (background: Colour): Colour => (contrast(WHITE, background) >= contrast(BLACK, background) ? WHITE : BLACK);

/** By name, the custom properties of the components' style sheet. */
export function look(): Record<string, string> {
  const { body, documentElement: root } = document;
  const page = getComputedStyle(body);
  const backgrounds = [page, getComputedStyle(root)].map((style) => colourOf(style.backgroundColor));
  // A page without a colour of its own has the browser's: that of dark pages where it asks for it.
  const canvasIsDark = /dark/.test(getComputedStyle(root).colorScheme) && matchMedia("(prefers-color-scheme:dark)").matches;
  const surface = backgrounds.find(isSolid) || (canvasIsDark ? BLACK : WHITE);
  const own = colourOf(page.color);
  const ink = isSolid(own) && contrast(own, surface) >= 7 ? own : readableOn(surface);

  const button = [...document.querySelectorAll<HTMLElement>(BUTTONS)].find((one) => {
    const colour = colourOf(getComputedStyle(one).backgroundColor);
    return isSolid(colour) && contrast(colour, surface) >= 1.5 && one.getClientRects().length;
  });
  const link = document.querySelector("a[href]");
  const wanted = button ? colourOf(getComputedStyle(button).backgroundColor) : link ? colourOf(getComputedStyle(link).color) : ink;
  // Black or white can be read on any colour; what cannot be told from the page is no accent.
  const accent = isSolid(wanted) && contrast(wanted, surface) >= 3 ? wanted : ink;
  const heading = document.querySelector("h1,h2,h3");
  const title = heading && getComputedStyle(heading);
  const said = button && colourOf(getComputedStyle(button).color);
  const onAccent = said && isSolid(said) && accent === wanted && contrast(said, accent) >= READABLE ? said : readableOn(accent);
  return {
    "--font": page.fontFamily,
    "--heading": title ? title.fontFamily : page.fontFamily,
    "--weight": title && +title.fontWeight >= 500 ? title.fontWeight : "600",
    "--radius": Math.min(button ? parseFloat(getComputedStyle(button).borderTopLeftRadius) || 0 : 6, 24) + "px",
    "--scheme": luminance(surface) < 0.2 ? "dark" : "light",
    "--surface": written(surface),
    "--ink": written(ink),
    "--line": written(ink, 0.55),
    "--faint": written(ink, 0.08),
    "--accent": written(accent),
    "--on-accent": written(onAccent),
  };
}

export default function Page() {
  return <h1>The original second page</h1>;
}

import Link from "next/link";

export default function Layout({ children }) {
  return (
    <html lang="en">
      <head>
        <title>Test</title>
        <script src="/install.js" />
      </head>
      <body>
        <main>
          <nav>
            <Link href="/second">Second</Link>
          </nav>
          {children}
        </main>
      </body>
    </html>
  );
}

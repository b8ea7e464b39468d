import { createHash } from 'node:crypto'
import { version } from '../../version.js'
import { browserScript } from './browser.js'
import { chartLibrary } from './chart-library.js'
import { type Html, html, trusted } from './html.js'
import { style } from './style.js'

/**
 * One file that asks for nothing else. Its policy allows the scripts and the style that we wrote, by their digests, and no
 * connection at all: what is in the data can neither run nor call home.
 */
export async function page(title: string, subtitle: string, body: readonly Html[]): Promise<string> {
  const library = await chartLibrary()
  const policy = [
    "default-src 'none'",
    `script-src ${digest(library)} ${digest(browserScript)}`,
    `style-src ${digest(style)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${trusted(style)}</style>
</head>
<body>
<header><h1>${title}</h1>
<p>${subtitle}</p></header>
<main>
${body}</main>
<footer><p>Posted transactions only. Money between own accounts is neither income nor spending. Made by finance-db ${version}.</p></footer>
<script>${trusted(library)}</script>
<script>${trusted(browserScript)}</script>
</body>
</html>
`.text
}

function digest(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

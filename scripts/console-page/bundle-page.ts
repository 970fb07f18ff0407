import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const page = new URL('../../packages/console/src/page/', import.meta.url)

/** Puts the modules and styles of the console's page into one file. */
export async function bundlePage(): Promise<string> {
  const build = await rolldown({ input: fileURLToPath(new URL('main.ts', page)), logLevel: 'silent' })
  const { output } = await build.generate({ format: 'es', minify: false, comments: false })
  await build.close()
  // Paths of modules would make the file another one on each machine.
  const script = output[0].code.replaceAll(/^\/\/#(end)?region.*\n/gm, '').replaceAll('</script', '<\\/script')
  const style = readFileSync(new URL('page.css', page), 'utf8')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Millrace</title>
<style>
${style}</style>
</head>
<body>
<noscript>The console needs JavaScript.</noscript>
<script type="module">
${script}</script>
</body>
</html>
`
}

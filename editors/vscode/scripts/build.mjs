// Bundles the extension into one file; with --tests, the tests instead.

import { readdirSync } from 'node:fs'
import { build } from 'esbuild'

const usual = { bundle: true, platform: 'node', target: 'node20', format: 'cjs', logLevel: 'warning' }

if (process.argv.includes('--tests')) {
  const entryPoints = readdirSync('test').map((name) => `test/${name}`)
  await build({ ...usual, entryPoints, outdir: 'dist/test', outExtension: { '.js': '.cjs' } })
} else {
  await build({
    ...usual,
    entryPoints: ['src/extension.ts'],
    outfile: 'dist/extension.js',
    external: ['vscode'],
    minify: true,
  })
}

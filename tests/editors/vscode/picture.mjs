// Takes editors/vscode/images/ghost-text.png: a moment of a real run, cut to what matters.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Editor } from './editor.mjs'

const MAX_BYTES = 150_000

const LOAD = `import json


def load_users(path):
    with open(path) as file:
        return parse_users(json.load(file))


def load_orders(path):
    with open(path) as file:
        return parse_orders(json.load(file))


def load_invoices(path):
    with open(path) as file:
        return parse_invoices(json.load(file))


def load_payments(path):
    wi`

const editor = await Editor.start({
  name: 'picture',
  files: { 'load.py': LOAD.replace(/wi$/, '') },
  settings: { 'workbench.colorTheme': 'Default Dark Modern', 'editor.fontSize': 15, 'breadcrumbs.enabled': false },
})
await editor.page.setViewportSize({ width: 860, height: 560 })
await editor.hasStatus({ icon: 'zap', label: 'Learned from' })
await editor.open('load.py')
await editor.press('Control+b')
await editor.page.mouse.move(400, 20)
await editor.press('Control+End')
await editor.type('wi')
await editor.hasGhost('th open(path) as file:', '        return parse_payments(json.load(file))')
const picture = join(process.env.FORETYPE_ROOT, 'editors/vscode/images/ghost-text.png')
await editor.screenshot(picture)
await editor.stop()
await Editor.stopBrowser()

const { size } = statSync(picture)
console.log(`${picture}: ${size} bytes`)
process.exit(size > MAX_BYTES ? 1 : 0)

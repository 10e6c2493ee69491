// What a person sees in VS Code. Each test's last screen is kept.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Editor, until } from './editor.mjs'

/** Three that agree: what the fourth will be is clear to anyone. */
const LOAD = `import json


def load_users(path):
    with open(path) as file:
        return json.load(file)


def load_orders(path):
    with open(path) as file:
        return json.load(file)


def load_invoices(path):
    with open(path) as file:
        return json.load(file)
`
const HEAD = 'import json\n\n\ndef load_items(path):\n    '
const FIRST = 'with open(path) as file:'
const SECOND = '        return json.load(file)'
const WHOLE = `${HEAD}${FIRST}\n${SECOND}`

const filter = new RegExp(process.argv[2] ?? '')
const screenshots = process.env.FORETYPE_SCREENSHOTS
rmSync(screenshots, { recursive: true, force: true })
mkdirSync(screenshots, { recursive: true })
const counts = { passed: 0, failed: 0 }

async function test(name, editor, body) {
  if (!filter.test(name)) return
  const started = Date.now()
  try {
    await body()
    counts.passed += 1
    console.log(`ok    ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
  } catch (error) {
    counts.failed += 1
    console.log(`FAIL  ${name}\n      ${error.message.split('\n').join('\n      ')}`)
  }
  await editor.screenshot(join(screenshots, `${name.replaceAll(/\W+/g, '-')}.png`)).catch(() => {})
}

/** The ids of the processes with such a command line. */
function processes(isIt) {
  return readdirSync('/proc')
    .filter((id) => /^\d+$/.test(id))
    .filter((id) => {
      try {
        return isIt(readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0').filter(Boolean))
      } catch {
        return false
      }
    })
}

const servers = (editor) => processes(([program, word]) => program?.startsWith(editor.home) && word === 'lsp')

/** Offers the first model of the list, and says no more after two hundredths of it. */
async function stallingHub() {
  const models = execFileSync(process.env.FORETYPE_BIN, ['model', 'list', '--json'], { encoding: 'utf8' })
  const [{ bytes, sha256 }] = JSON.parse(models)
  const server = createServer((request, response) => {
    if (request.url !== '/file') {
      response.writeHead(302, { location: '/file', 'x-linked-etag': `"${sha256}"`, 'x-linked-size': bytes }).end()
      return
    }
    response.writeHead(200, { 'content-length': bytes })
    response.write(Buffer.alloc(Math.floor(bytes / 45)))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { address: `http://127.0.0.1:${server.address().port}`, close: () => server.closeAllConnections() }
}

/** A llama-server that says what is left of a line that is begun: up to its first bracket, and the rest once it may. */
async function haltingModel(line) {
  let goOn
  const mayGoOn = new Promise((resolve) => (goOn = resolve))
  const server = createServer(async (request, response) => {
    const chunks = await request.toArray()
    const { input_prefix: prefix = '' } = JSON.parse(Buffer.concat(chunks).toString() || '{}')
    const begun = prefix.split('\n').at(-1).trimStart()
    const rest = begun === '' ? '' : line.slice(begun.length)
    const say = (content, stop = false) => {
      const completion_probabilities = [{ token: content, logprob: 0 }]
      response.write(`data: ${JSON.stringify({ content, completion_probabilities, stop })}\n\n`)
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const end = rest.indexOf('(') + 1
    say(rest.slice(0, end))
    if (rest !== '') await mayGoOn
    say(rest.slice(end))
    say('', true)
    response.end()
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => server.closeAllConnections()
  return { address: `http://127.0.0.1:${server.address().port}`, goOn, close }
}

const files = {
  'load.py': LOAD,
  'whole.py': HEAD,
  'word.py': HEAD,
  'line.py': HEAD,
  'undo.py': HEAD,
  'dismiss.py': HEAD,
  'crlf.py': HEAD.replaceAll('\n', '\r\n'),
  'tabs.py': LOAD.replaceAll('    ', '\t') + '\n\ndef load_items(path):\n\t',
  'settings.py': HEAD,
  'why.py': HEAD,
  'killed.py': HEAD,
  'cells.ipynb': JSON.stringify({
    cells: [{ cell_type: 'code', metadata: {}, execution_count: null, outputs: [], source: [HEAD] }],
    metadata: { language_info: { name: 'python' } },
    nbformat: 4,
    nbformat_minor: 5,
  }),
  '.env': 'TOKEN=x\nTOKEN_TWO=',
  // What a stranger's project must not do.
  '.vscode/settings.json': '{"foretype.server.path": "/bin/false", "foretype.enabled": false}',
}
const hub = await stallingHub()
const environment = { HF_ENDPOINT: hub.address }
const editor = await Editor.start({ name: 'main', files, environment })
/** Before, it knows nothing to say. */
const READY = { icon: 'zap', label: 'Learned from' }
await editor.hasStatus(READY)
const at = async (path) => {
  await editor.open(path)
  await editor.press('Control+End')
}
const shown = async (path) => {
  await at(path)
  await editor.type('wi')
  await editor.hasGhost(FIRST.slice(2), SECOND)
}

await test('it starts, learns the project, and says who answers', editor, async () => {
  await editor.hasStatus({ text: 'instant', icon: 'zap', label: 'The instant engine answers' })
  const notices = await editor.page.locator('.notification-list-item').allTextContents()
  assert.deepEqual(notices, [])
})

await test('two lines of ghost text, taken whole', editor, async () => {
  await shown('whole.py')
  await editor.press('Tab')
  await editor.has('whole.py', WHOLE)
})

await test('typed along, it stays', editor, async () => {
  await shown('undo.py')
  await editor.type('th open')
  await editor.hasGhost('(path) as file:', SECOND)
  await editor.press('Tab')
  await editor.has('undo.py', WHOLE)
})

await test('one undo takes an accepted text back', editor, async () => {
  await at('undo.py')
  await editor.press('Control+z')
  await editor.has('undo.py', `${HEAD}with open`)
})

await test('taken by words', editor, async () => {
  await shown('word.py')
  await editor.press('Control+ArrowRight')
  await editor.press('Control+ArrowRight', 'Control+ArrowRight')
  await editor.has('word.py', `${HEAD}with open`)
  await editor.hasGhost('(path) as file:', SECOND)
})

await test('taken by a line', editor, async () => {
  await shown('line.py')
  await editor.press('Control+ArrowDown')
  await editor.has('line.py', `${HEAD}${FIRST}\n`)
  await editor.hasGhost(SECOND)
})

await test('dismissed, it is gone', editor, async () => {
  await shown('dismiss.py')
  await editor.press('Escape')
  await editor.hasNoGhost()
  await editor.press('Tab')
  await editor.has('dismiss.py', `${HEAD}wi  `)
})

await test('line endings are the file’s own', editor, async () => {
  await shown('crlf.py')
  await editor.press('Tab')
  await editor.has('crlf.py', WHOLE.replaceAll('\n', '\r\n'))
})

await test('and so is the indentation', editor, async () => {
  await at('tabs.py')
  await editor.type('wi')
  await editor.hasGhost(FIRST.slice(2), '        return json.load(file)')
  await editor.press('Tab')
  await editor.has('tabs.py', `${files['tabs.py']}${FIRST}\n\t\treturn json.load(file)`)
})

await test('a buffer without a file', editor, async () => {
  await editor.press('Control+Alt+n')
  await editor.page.locator('.tab.active', { hasText: 'Untitled-1' }).waitFor()
  await editor.awaken()
  await editor.type('with open(path) a')
  await editor.hasGhost('s file:', SECOND.slice(4))
})

await test('a cell of a notebook', editor, async () => {
  await editor.openTab('cells.ipynb')
  await editor.page.locator('.notebookOverlay .cell.code .view-lines').first().click()
  await editor.awaken()
  await editor.press('Control+End')
  await editor.type('wi')
  await editor.hasGhost(FIRST.slice(2), SECOND)
})

await test('why', editor, async () => {
  await shown('why.py')
  await editor.command('foretype: Why')
  await until('the page', async () => /why\.py, line 5, column 7[^]*instant[^]*shown/.test(await editor.beside()) || editor.beside())
  await editor.closeBeside()
})

await test('statistics', editor, async () => {
  await editor.command('foretype: What It Saved')
  const saved = /saved +\d+ characters/
  await until('the page', async () => saved.test(await editor.beside()) || editor.beside())
  await editor.closeBeside()
})

await test('settings hold at once, and are forgotten at once', editor, async () => {
  await at('settings.py')
  await editor.command('foretype: Switch Suggestions On or Off')
  await editor.hasStatus({ icon: 'circle-slash', label: 'switched off by `enabled = false`' })
  await editor.type('w')
  await editor.hasNoGhost()
  await editor.command('foretype: Switch Suggestions On or Off')
  await editor.hasStatus(READY)
  await editor.type('i')
  await editor.hasGhost(FIRST.slice(2), SECOND)
  await editor.press('Escape')
})

await test('the menu switches a language off and on', editor, async () => {
  await editor.command('foretype: Menu')
  await editor.pick('Switch off for python')
  await editor.hasStatus({ icon: 'circle-slash', label: '`python` is listed in `languages.disabled`' })
  await editor.command('foretype: Menu')
  await editor.pick('Switch on for python')
  await editor.hasStatus({ icon: 'zap' })
})

await test('a file of secrets gets nothing, and the status says why', editor, async () => {
  await at('.env')
  await editor.hasStatus({ icon: 'circle-slash', label: '.env' })
})

await test('a model is downloaded, seen, and stopped', editor, async () => {
  await editor.command('foretype: Menu')
  await editor.pick('Download a model')
  await editor.pick('qwen2.5-coder-0.5b')
  const notice = await editor.notice('downloading qwen2.5-coder-0.5b: 2 %')
  await notice.getByRole('button', { name: 'Cancel' }).click()
  await notice.waitFor({ state: 'detached' })
  await editor.page.locator('.statusbar-item', { hasText: 'what came so far is kept' }).waitFor()
})

await test('a killed server is started again, three times', editor, async () => {
  await at('killed.py')
  for (let n = 0; n < 3; n += 1) {
    const before = servers(editor)
    process.kill(Number(before[0]), 'SIGKILL')
    const isNew = async () => servers(editor).some((id) => !before.includes(id)) || servers(editor)
    await until('another server', isNew)
    await editor.hasStatus(READY)
  }
  await editor.type('wi')
  await editor.hasGhost(FIRST.slice(2), SECOND)
  process.kill(Number(servers(editor)[0]), 'SIGKILL')
  await editor.hasStatus({ icon: 'error', label: 'not started again' })
  const notice = await editor.notice('Its log says why')
  await notice.getByRole('button', { name: 'Start It Again' }).click()
  await editor.hasStatus({ icon: 'zap' })
})

await editor.stop()

const halting = await haltingModel('return sum(items)')
const growing = await Editor.start({
  name: 'growing',
  files: { 'total.py': 'def total(items):\n    ' },
  machine: {
    'foretype.remote.enabled': true,
    'foretype.remote.endpoints': [{ name: 'halting', protocol: 'infill', url: halting.address }],
  },
})

await test('the first words grow to their line', growing, async () => {
  await growing.hasStatus({ icon: 'zap', text: 'halting' })
  await growing.open('total.py')
  await growing.press('Control+End')
  await growing.type('r')
  await growing.hasGhost('eturn sum')
  halting.goOn()
  await growing.hasGhost('eturn sum(items)')
  await growing.press('Tab')
  await growing.has('total.py', 'def total(items):\n    return sum(items)')
})

await growing.stop()
halting.close()

// The user has not installed the program yet.
const missing = await Editor.start({ name: 'missing', files: { 'whole.py': HEAD, 'load.py': LOAD }, without: '.cargo' })

await test('without the program it asks', missing, async () => {
  const notice = await missing.notice('neither in your PATH nor where Cargo installs it')
  await missing.hasStatus({ icon: 'error', label: 'neither in your PATH' })
  await notice.getByRole('button', { name: 'How to Install It' }).click()
  await missing.page.getByText('Get the program').first().waitFor()
})

const chosen = join(missing.home, 'chosen')
const stand = (says, otherwise = '') => {
  const script = `#!/bin/sh\n[ "$1" = --version ] || { ${otherwise}:; exit; }\necho "${says}"\n`
  writeFileSync(chosen, script, { mode: 0o755 })
}

const install = () => {
  rmSync(chosen, { force: true })
  symlinkSync(process.env.FORETYPE_BIN, chosen)
}

await test('a program that is too old, or another, is named', missing, async () => {
  stand('foretype 0.0.9')
  await missing.command('foretype: Choose the Program')
  await missing.chooseFile('The program foretype', chosen)
  await missing.notice('is version 0.0.9, and 0.1.0 or newer is needed')
  stand('hello')
  await missing.command('foretype: Restart the Server')
  await missing.notice('does not tell its version as foretype does: it says "hello"')
})

await test('one that cannot serve is given up', missing, async () => {
  stand('foretype 9.9.9', 'echo it lacks a library >&2; ')
  await missing.command('foretype: Restart the Server')
  await missing.notice('The server has ended four times')
  assert.equal(await missing.page.locator('.notification-toast', { hasText: 'Restarting server failed' }).count(), 0)
})

await test('one that says nothing can be restarted', missing, async () => {
  // Of this run: what another left behind is not counted.
  const hanging = `sleep ${100_000 + process.pid}`
  const isHanging = (words) => words.join(' ') === hanging
  stand('foretype 9.9.9', `exec ${hanging}; `)
  await missing.command('foretype: Restart the Server')
  await missing.hasStatus({ icon: 'loading' })
  await until('the program', async () => processes(isHanging).length === 1)
  install()
  await missing.command('foretype: Restart the Server')
  await missing.hasStatus({ icon: 'zap' })
  await until('its end', async () => processes(isHanging).length === 0)
})

await test('once it is right, it works without a reload', missing, async () => {
  install()
  await missing.command('foretype: Restart the Server')
  await missing.hasStatus(READY)
  await missing.open('whole.py')
  await missing.press('Control+End')
  await missing.type('wi')
  await missing.hasGhost(FIRST.slice(2), SECOND)
})

await missing.stop()
await Editor.stopBrowser()
hub.close()
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0)

// One VS Code with its browser: what a person sees and does there.

import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'

const tools = process.env.FORETYPE_VSCODE
const { chromium } = createRequire(join(tools, 'package.json'))('playwright-core')

const PATIENCE_MS = 20_000

const SETTINGS = {
  User: {
    'workbench.startupEditor': 'none',
    'workbench.secondarySideBar.defaultVisibility': 'hidden',
    'workbench.enableExperiments': false,
    'telemetry.telemetryLevel': 'off',
    'extensions.autoUpdate': false,
    'update.mode': 'none',
    'chat.disableAIFeatures': true,
    'security.workspace.trust.enabled': false,
    // What is on the disk is what is in the editor.
    'files.autoSave': 'afterDelay',
    'files.autoSaveDelay': 50,
    'editor.minimap.enabled': false,
  },
  // In a browser, the machine is another one than the user's.
  Machine: { 'foretype.local.ask': false },
}

export async function until(what, look, patience = PATIENCE_MS) {
  const end = Date.now() + patience
  let last
  for (;;) {
    last = await look().catch((error) => error.message)
    if (last === true) return
    if (Date.now() > end) throw new Error(`never came: ${what}; last: ${JSON.stringify(last)}`)
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
}

/** `true`, or what it is instead. */
export const is = (value, wanted) => JSON.stringify(value) === JSON.stringify(wanted) || value

let browser

export class Editor {
  /** The home of the user who has followed the README, in a copy. */
  static async start({ name, files, without, settings = {}, machine = {}, environment = {} }) {
    const scratch = join(process.env.FORETYPE_SCRATCH, name)
    const [home, folder] = [join(scratch, 'home'), join(scratch, 'project')]
    cpSync(join(process.env.FORETYPE_SCRATCH, 'home'), home, { recursive: true, verbatimSymlinks: true })
    if (without) rmSync(join(home, without), { recursive: true })
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, path, '..'), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    const editor = new Editor()
    Object.assign(editor, { home, folder })
    const scopes = { User: { ...SETTINGS.User, ...settings }, Machine: { ...SETTINGS.Machine, ...machine } }
    for (const [scope, values] of Object.entries(scopes)) {
      mkdirSync(join(home, 'data', scope), { recursive: true })
      writeFileSync(join(home, 'data', scope, 'settings.json'), JSON.stringify(values))
    }
    const port = await freePort()
    const log = openSync(join(scratch, 'code-server.log'), 'w')
    // A program in the tester's own PATH is not the one that is tested.
    const env = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: home, ...environment }
    editor.process = spawn(
      join(tools, 'code-server'),
      ['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`, '--disable-telemetry', '--disable-update-check']
        .concat(['--user-data-dir', join(home, 'data'), '--extensions-dir', join(home, 'extensions'), folder]),
      { env, stdio: ['ignore', log, log] },
    )
    // Also where what is tested fails.
    process.on('exit', () => editor.process.kill())
    const address = `http://127.0.0.1:${port}`
    await until('code-server', async () => (await fetch(`${address}/healthz`)).ok)
    browser ??= await chromium.launch({
      executablePath: join(tools, 'chromium'),
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync'],
    })
    editor.context = await browser.newContext({ viewport: { width: 1100, height: 640 } })
    editor.page = await editor.context.newPage()
    await editor.page.goto(`${address}/?folder=${folder}`)
    await editor.page.waitForSelector('.explorer-folders-view .monaco-list-row', { timeout: 60_000 })
    return editor
  }

  async stop() {
    await this.context.close()
    const ended = new Promise((resolve) => this.process.once('exit', resolve))
    this.process.kill()
    await ended
  }

  static async stopBrowser() {
    await browser?.close()
  }

  /** By the explorer, as a person does. The cursor stands at its beginning. */
  async open(path) {
    await this.openTab(path)
    await this.hasFocus()
    if (!this.isAwake) await this.awaken()
    await this.press('Control+Home')
  }

  async hasFocus() {
    await this.page.locator('.monaco-editor.focused').waitFor()
  }

  /** What shows ghost text is made once an editor of a new kind has been idle, seconds later; or when it is asked for. */
  async awaken() {
    await this.command('Trigger Inline Suggestion')
    await this.hasNoList()
    await this.hasFocus()
    this.isAwake = true
  }

  async openTab(path) {
    await this.page.locator('.explorer-folders-view .monaco-list-row', { hasText: path }).dblclick()
    await this.page.locator('.tab.active', { hasText: path }).waitFor()
  }

  text(path) {
    return readFileSync(join(this.folder, path), 'utf8')
  }

  async has(path, wanted) {
    await until(`the text of ${path}`, async () => is(this.text(path), wanted))
  }

  async type(text) {
    await this.page.keyboard.type(text)
  }

  async press(...keys) {
    for (const key of keys) await this.page.keyboard.press(key)
  }

  /** What is shown and not there yet, line by line. */
  async ghost() {
    const lines = await this.page.evaluate(() => {
      const editor = document.querySelector('.monaco-editor.focused')
      if (!editor) return ['no editor has the focus']
      const text = (nodes) => [...nodes].map((node) => node.textContent).join('')
      const first = text(editor.querySelectorAll('.view-lines .ghost-text-decoration'))
      const others = [...editor.querySelectorAll('.suggest-preview-text .view-line')].map((line) => text([line]))
      return [first, ...others]
    })
    return lines.map((line) => line.replaceAll('\u00a0', ' ')).filter((line) => line !== '')
  }

  async hasGhost(...wanted) {
    await until(`the ghost text ${JSON.stringify(wanted)}`, async () => is(await this.ghost(), wanted))
  }

  async hasNoGhost() {
    await this.hasGhost()
  }

  /** Runs a command by its title, through the palette. */
  async command(title) {
    await until('the palette', async () => {
      // Of a list that is opened while the one before closes, VS Code forgets what was picked; nobody is that quick.
      await this.hasNoList()
      await this.page.waitForTimeout(300)
      await this.press('F1')
      await this.pick(title, `>${title}`, 1000)
      return true
    })
  }

  async hasNoList() {
    const list = this.page.locator('.quick-input-widget')
    await list.waitFor({ state: 'hidden', timeout: 1000 }).catch(() => this.press('Escape'))
  }

  /** Takes an entry of the list that is open: what is highlighted was found by what was typed, and not there before. */
  async pick(label, typed = label, timeout = PATIENCE_MS) {
    const input = this.page.locator('.quick-input-widget input')
    await input.fill(typed, { timeout })
    const found = this.page.locator('.quick-input-list .monaco-list-row.focused:has(.highlight)', { hasText: label })
    await found.waitFor({ timeout })
    await input.press('Enter', { timeout })
  }

  /** The item in the status bar: its text, icon and tip. */
  async status() {
    return this.page.evaluate(() => {
      const item = document.querySelector('.statusbar-item[id="foretype.foretype.foretype"]')
      if (!item) return undefined
      const icon = [...item.querySelectorAll('.codicon')].flatMap((node) => [...node.classList])
      return {
        text: item.textContent.trim(),
        icon: icon.find((name) => name.startsWith('codicon-'))?.replace('codicon-', ''),
        label: item.querySelector('[aria-label]')?.getAttribute('aria-label') ?? '',
      }
    })
  }

  async hasStatus(wanted, patience) {
    const look = async () => {
      const status = await this.status()
      const right = status && Object.entries(wanted).every(([key, value]) => status[key].includes(value))
      return right || status
    }
    await until(`the status ${JSON.stringify(wanted)}`, look, patience)
  }

  /** The text of the page that stands beside. */
  async beside() {
    const lines = await this.page.$$eval('.editor-group-container', (groups) => {
      const lines = [...groups.at(-1).querySelectorAll('.view-line')]
      const top = (line) => Number.parseFloat(line.style.top)
      return lines.sort((a, b) => top(a) - top(b)).map((line) => line.textContent)
    })
    return lines.join('\n').replaceAll('\u00a0', ' ')
  }

  async closeBeside() {
    const tab = this.page.locator('.editor-group-container').last().locator('.tab.active')
    await tab.click({ button: 'middle' })
  }

  /** Answers the dialog that asks for a file. It looks at a folder first, and may write that over what was typed. */
  async chooseFile(title, path) {
    const dialog = this.page.locator('.quick-input-widget', { hasText: title })
    await until('the end of the dialog', async () => {
      await dialog.locator('input').fill(path, { timeout: 1000 })
      await dialog.locator('.monaco-list-row', { hasText: basename(path) }).waitFor({ timeout: 1000 })
      await dialog.locator('input').press('Enter', { timeout: 1000 })
      return dialog.waitFor({ state: 'hidden', timeout: 1000 }).then(() => true)
    })
  }

  async notice(text) {
    const toast = this.page.locator('.notification-toast', { hasText: text }).first()
    await toast.waitFor({ timeout: PATIENCE_MS })
    return toast
  }

  async screenshot(path) {
    await this.page.screenshot({ path })
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

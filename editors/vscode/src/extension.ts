/**
 * foretype in VS Code: starts the server, lets the client show its ghost text, and gives its commands a place to be found.
 *
 * Accepting, by word and by line, is the editor's own. What the server can decide, it decides. The editor tells an
 * extension neither what was seen nor what was taken in part: of those the server learns by the changes of the text.
 */

import { commands, ConfigurationTarget, type ExtensionContext, window, workspace } from 'vscode'
import * as menu from './menu'
import type { Document } from './overview'
import { Pages } from './pages'
import { type Missing, run } from './program'
import { Server } from './server'
import { environment } from './settings'
import { StatusBar } from './statusBar'

const WALKTHROUGH = 'foretype.foretype#start'

let server: Server | undefined

export async function activate(context: ExtensionContext): Promise<void> {
  const channel = window.createOutputChannel('foretype', { log: true })
  const ours = new Server(context, channel, (missing) => void askForProgram(missing))
  server = ours
  const [bar, pages] = [new StatusBar(ours), new Pages()]
  context.subscriptions.push(channel, ours, bar, pages)

  const register = (name: string, act: () => unknown) => {
    const guarded = async () => {
      try {
        await act()
      } catch (error) {
        void window.showErrorMessage(`foretype: ${(error as Error).message}`)
      }
    }
    context.subscriptions.push(commands.registerCommand(`foretype.${name}`, guarded))
  }
  register('menu', async () => {
    const command = await menu.show(await bar.refresh(), isOn())
    if (command) await commands.executeCommand(command)
  })
  register('toggle', () => set('enabled', !isOn()))
  register('toggleLanguage', () => toggleLanguage(ours))
  register('why', () => why(ours, pages))
  register('stats', async () => {
    const parts = [await print(ours, 'stats'), await print(ours, 'stats', '--cost')]
    await pages.show('foretype: statistics', parts.join('\n'))
  })
  register('doctor', async () => pages.show('foretype: doctor', await print(ours, 'doctor')))
  register('pullModel', () => pullModel(ours))
  register('resetLearning', () => resetLearning(ours))
  register('settings', () => commands.executeCommand('workbench.action.openSettings', '@ext:foretype.foretype'))
  register('log', () => channel.show())
  register('restart', () => ours.restart())
  register('chooseProgram', chooseProgram)
  register('walkthrough', () => commands.executeCommand('workbench.action.openWalkthrough', WALKTHROUGH, false))

  await ours.start()
}

export function deactivate(): Promise<void> | undefined {
  return server?.stop()
}

async function askForProgram({ kind, message }: Missing): Promise<void> {
  const [choose, how, later] = ['Choose the Program…', kind === 'old' ? 'How to Update It' : 'How to Install It', 'Not Now']
  const answer = await window.showWarningMessage(`foretype: ${message}`, choose, how, later)
  if (answer === choose) await chooseProgram()
  if (answer === how) await commands.executeCommand('foretype.walkthrough')
}

async function chooseProgram(): Promise<void> {
  const chosen = await window.showOpenDialog({ title: 'The program foretype', openLabel: 'Use This', canSelectMany: false })
  // The change of the setting starts it.
  if (chosen?.[0]) await set('server.path', chosen[0].fsPath)
}

function isOn(): boolean {
  return workspace.getConfiguration('foretype').get('enabled', true)
}

async function set(key: string, value: unknown): Promise<void> {
  await workspace.getConfiguration('foretype').update(key, value, ConfigurationTarget.Global)
}

/** The server names the language: it has fewer than the editor. */
async function toggleLanguage(server: Server): Promise<void> {
  const editor = window.activeTextEditor
  const document = editor && (await server.request<Document>('foretype.document', server.uri(editor.document)))
  const language = document?.language
  if (!language) {
    void window.showInformationMessage('foretype: the language of this document has no name that could be switched.')
    return
  }
  const disabled = workspace.getConfiguration('foretype').get<string[]>('languages.disabled', [])
  const others = disabled.filter((other) => other !== language)
  await set('languages.disabled', others.length < disabled.length ? others : [...disabled, language])
}

async function why(server: Server, pages: Pages): Promise<void> {
  const editor = window.activeTextEditor
  if (!editor) {
    void window.showInformationMessage('foretype: open a file, and put the cursor where you want to know why.')
    return
  }
  const { document, selection } = editor
  const { line, character } = selection.active
  const place = { textDocument: { uri: server.uri(document) }, position: { line, character } }
  const answer = await server.request<{ text: string }>('foretype.why', place)
  if (answer) await pages.show('foretype: why', `${workspace.asRelativePath(document.uri)}, ${answer.text}\n`)
}

async function pullModel(server: Server): Promise<void> {
  interface Model {
    name: string
    size: string
    licence: string | null
    about: string | null
    is_here: boolean
  }
  const models = (await server.request<Model[]>('foretype.models')) ?? []
  const items = models.map(({ name, size, licence, about, is_here }) => ({
    label: name,
    description: [size, licence, is_here && 'here already'].filter(Boolean).join(', '),
    detail: about ?? undefined,
    is_here,
  }))
  const placeHolder = 'It runs on this machine, and nothing that you write is sent anywhere'
  const picked = await window.showQuickPick(items, { title: 'Download a model', placeHolder })
  if (picked) await server.request('foretype.pull', picked.label)
}

async function resetLearning(server: Server): Promise<void> {
  const forget = 'Forget'
  const message = 'Forget what foretype has learned from what you took and rejected? The counts stay.'
  if ((await window.showWarningMessage(message, { modal: true }, forget)) === forget) {
    await server.request('foretype.resetLearning')
  }
}

/** What the program prints for people, under the same settings as the server. */
async function print(server: Server, ...commandLine: string[]): Promise<string> {
  if (!server.program) throw new Error(server.message)
  const env = { ...process.env, ...environment(server.settings()) }
  const cwd = workspace.workspaceFolders?.[0]?.uri.fsPath
  // That there is nothing to tell is an error to the program, and a page here.
  return run(server.program.path, commandLine, { env, cwd }).catch((error: Error) => `${error.message}\n`)
}

/** The menu behind the status bar's item. */

import { type QuickPickItem, QuickPickItemKind, window } from 'vscode'
import { modelState, name, type Overview, todayLine } from './overview'

interface Entry extends QuickPickItem {
  command?: string
}

export async function show(overview: Overview, isOn: boolean): Promise<string | undefined> {
  const isRunning = overview.state === 'running'
  const entry = (icon: string, label: string, command: string, description = ''): Entry => ({
    label: `$(${icon}) ${label}`,
    description,
    command,
  })
  const title = (label: string): Entry => ({ label, kind: QuickPickItemKind.Separator })
  const entries: Entry[] = []

  if (isRunning) {
    const { status, today, document, version } = overview
    entries.push(title(`foretype ${version}`))
    entries.push(
      entry('circle-large-outline', isOn ? 'Switch off' : 'Switch on', 'foretype.toggle', 'everywhere'),
    )
    if (document?.language) {
      const isListed = document.obstacle?.includes('languages.disabled') ?? false
      const label = `Switch ${isListed ? 'on' : 'off'} for ${document.language}`
      entries.push(entry('code', label, 'foretype.toggleLanguage'))
    }
    entries.push(entry('question', 'Why?', 'foretype.why', document?.obstacle ?? 'the last suggestion, or none'))
    entries.push(title('who answers'))
    for (const model of status?.models ?? []) {
      const isWell = model.health.state === 'healthy' && !model.missing
      const icon = isWell ? (model.is_remote ? 'cloud' : 'chip') : 'warning'
      const description = modelState(model, status?.answers === model.label)
      entries.push(entry(icon, name(model), 'foretype.doctor', description))
    }
    for (const engine of status?.instant ?? []) {
      entries.push(entry('zap', engine, 'foretype.doctor', 'from your project, at every key'))
    }
    entries.push(entry('cloud-download', 'Download a model…', 'foretype.pullModel'))
    entries.push(title('what it came to'))
    entries.push(entry('graph', 'Statistics and costs', 'foretype.stats', today ? todayLine(today) : ''))
  } else {
    entries.push(title(overview.state === 'starting' ? 'the server starts' : overview.message))
    entries.push(entry('file-binary', 'Choose the program…', 'foretype.chooseProgram'))
    entries.push(entry('book', 'How to install it', 'foretype.walkthrough'))
  }
  entries.push(title('the extension'))
  entries.push(entry('gear', 'Settings', 'foretype.settings'))
  entries.push(entry('output', 'Log', 'foretype.log'))
  entries.push(entry('debug-restart', 'Restart the server', 'foretype.restart'))

  const picked = await window.showQuickPick(entries, { title: 'foretype', placeHolder: 'What shall it do?' })
  return picked?.command
}

/** The item in the status bar: who answers, what is wrong, what it saved and cost today. */

import {
  type Disposable,
  MarkdownString,
  StatusBarAlignment,
  type TextDocument,
  ThemeColor,
  window,
  workspace,
} from 'vscode'
import { type Document, type Face, face, type Overview, type Today } from './overview'
import type { Server } from './server'

/** Of numbers that change with every accept. */
const REFRESH_MS = 20_000

/** After a key: the server judges a new document in the background. */
const SETTLED_MS = 300

const COLOURS: Partial<Record<Face['icon'], string>> = {
  error: 'statusBarItem.errorBackground',
  warning: 'statusBarItem.warningBackground',
}

export class StatusBar implements Disposable {
  private readonly item = window.createStatusBarItem('foretype', StatusBarAlignment.Right, 100)
  private readonly disposables: Disposable[] = [this.item]
  private today: Today | undefined
  private document: Document | undefined
  private todayIsOld = true
  private timer: NodeJS.Timeout | undefined

  constructor(private readonly server: Server) {
    this.item.name = 'foretype'
    this.item.command = 'foretype.menu'
    const soon = () => this.soon()
    this.disposables.push(
      server.onDidChange(() => {
        this.draw()
        this.soon()
      }),
      window.onDidChangeActiveTextEditor(soon),
      workspace.onDidChangeConfiguration(soon),
      workspace.onDidOpenTextDocument(soon),
      workspace.onDidChangeTextDocument(() => {
        this.todayIsOld = true
      }),
    )
    const clock = setInterval(() => {
      if (this.todayIsOld && window.state.focused) void this.refresh()
    }, REFRESH_MS)
    this.disposables.push({ dispose: () => clearInterval(clock) })
    this.draw()
    this.item.show()
  }

  /** Asks the server for what it does not tell by itself. */
  async refresh(): Promise<Overview> {
    const editor = window.activeTextEditor
    this.todayIsOld = false
    const [document, stats] = await Promise.all([
      editor && this.server.request<Document>('foretype.document', this.server.uri(editor.document)),
      this.server.request<{ today?: Today }>('foretype.stats', 1),
    ]).catch(() => [])
    this.document = editor && isCode(editor.document) ? document : undefined
    this.today = stats?.today
    return this.draw()
  }

  dispose(): void {
    clearTimeout(this.timer)
    for (const disposable of this.disposables) disposable.dispose()
  }

  private soon(): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.refresh(), SETTLED_MS)
  }

  private overview(): Overview {
    const { condition, message, program, status, work } = this.server
    if (condition === 'stopped') return { state: 'stopped', message }
    if (condition === 'starting') return { state: 'starting' }
    const isShownByEditor = workspace.getConfiguration('editor').get('inlineSuggest.enabled', true)
    const { document, today } = this
    return { state: 'running', version: program?.version ?? '', status, today, document, work, isShownByEditor }
  }

  private draw(): Overview {
    const overview = this.overview()
    const { icon, text, tip } = face(overview)
    this.item.text = `$(${icon}) ${text}`
    this.item.tooltip = new MarkdownString().appendText(tip.join('\n\n'))
    this.item.accessibilityInformation = { label: `foretype: ${tip.join(' ')}` }
    const colour = COLOURS[icon]
    this.item.backgroundColor = colour ? new ThemeColor(colour) : undefined
    return overview
  }
}

/** Output, settings pages and diffs are text, too, and nobody types there. */
function isCode({ uri }: TextDocument): boolean {
  return ['file', 'untitled', 'vscode-notebook-cell'].includes(uri.scheme)
}

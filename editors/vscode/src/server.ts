/** The server's process and the client that speaks to it: found, started, watched, asked. */

import {
  commands,
  type Disposable,
  EventEmitter,
  type ExtensionContext,
  type LogOutputChannel,
  type TextDocument,
  window,
  workspace,
} from 'vscode'
import {
  CloseAction,
  type DynamicFeature,
  ErrorAction,
  LanguageClient,
  RevealOutputChannelOn,
  State,
  type StaticFeature,
} from 'vscode-languageclient/node'
import { Backoff } from './backoff'
import * as download from './download'
import * as log from './log'
import type { Status } from './overview'
import { More, type Place } from './more'
import { find, type Missing, type Program } from './program'
import { told } from './settings'

/** Files, buffers without one, and the cells of notebooks. Whatever else is shown as text is nobody's to complete. */
const DOCUMENTS = [{ scheme: 'file' }, { scheme: 'untitled' }, { scheme: 'vscode-notebook-cell' }]

export type Condition = 'starting' | 'running' | 'stopped'

export class Server implements Disposable {
  condition: Condition = 'starting'
  /** Why it is stopped; for the user. */
  message = ''
  program: Program | undefined
  status: Status | undefined
  /** What it does beside answering. */
  work: string | undefined
  /** Of which files it has learned. */
  learned: string | undefined

  private client: LanguageClient | undefined
  private turn = Promise.resolve()
  private readonly backoff = new Backoff()
  /** Ends a wait before the next start. */
  private wake: (() => void) | undefined
  private readonly changed = new EventEmitter<void>()
  readonly onDidChange = this.changed.event
  private readonly disposables: Disposable[] = []

  /** `ask` is called when there is no program to start. */
  constructor(
    private readonly context: ExtensionContext,
    private readonly channel: LogOutputChannel,
    private readonly ask: (missing: Missing) => void,
  ) {
    this.disposables.push(
      workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('foretype.server')) void this.restart()
        else if (event.affectsConfiguration('foretype')) this.tellSettings()
      }),
    )
  }

  /** What began before, ends before. */
  start(): Promise<void> {
    this.turn = this.turn.then(() => this.begin())
    return this.turn
  }

  restart(): Promise<void> {
    this.backoff.forget()
    this.turn = this.turn.then(() => this.end()).then(() => this.begin())
    return this.turn
  }

  stop(): Promise<void> {
    this.turn = this.turn.then(() => this.end())
    return this.turn
  }

  /** The answer to a command of the server's; `undefined` when it is not running. */
  async request<T>(command: string, ...args: unknown[]): Promise<T | undefined> {
    if (!this.client?.isRunning()) return undefined
    return this.client.sendRequest<T>('workspace/executeCommand', { command, arguments: args })
  }

  /** Asks how the models do: a change of the settings, or a model that has come, is not told. */
  async refresh(): Promise<void> {
    this.status = await this.request<Status>('foretype.status')
  }

  /** How the server calls a document. */
  uri({ uri }: TextDocument): string {
    return this.client?.code2ProtocolConverter.asUri(uri) ?? uri.toString()
  }

  /** What the user has set here, as the server is told. */
  settings(): Record<string, unknown> {
    const manifest = this.context.extension.packageJSON
    const configuration = workspace.getConfiguration()
    const set = (key: string) => configuration.inspect(key)?.globalValue
    return told(Object.keys(manifest.contributes.configuration.properties), set)
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose()
    this.changed.dispose()
  }

  private async begin(): Promise<void> {
    this.forget()
    this.become('starting')
    const found = await find(workspace.getConfiguration('foretype').get('server.path', ''))
    if ('kind' in found) {
      this.channel.warn(found.message)
      this.become('stopped', found.message)
      this.ask(found)
      return
    }
    this.program = found
    this.channel.info(`starting ${found.path}, version ${found.version}`)
    this.client = this.makeClient(found)
    // Not waited for: it may hang, and be restarted. What kept it from starting is told where its end is told of.
    void this.client.start().catch((error: Error) => this.channel.error(error.message))
  }

  private async end(): Promise<void> {
    const client = this.client
    this.client = undefined
    // One that has crashed or never came up has nothing to be said good-bye to.
    if (this.wake) this.wake()
    else if (client?.needsStop()) await client.dispose().catch((error: Error) => this.channel.warn(error.message))
  }

  private makeClient({ path }: Program): LanguageClient {
    const downloading = new download.Download(() => {
      void client.sendNotification('window/workDoneProgress/cancel', { token: download.TOKEN })
    })
    const more = new More((document) => this.uri(document))
    const client: Client = new Client(
      'foretype',
      'foretype',
      {
        command: path,
        args: ['lsp'],
        options: { env: { FORETYPE_LOG: log.level(this.channel), ...process.env } },
      },
      {
        documentSelector: DOCUMENTS,
        outputChannel: this.channel,
        traceOutputChannel: log.silent(),
        revealOutputChannelOn: RevealOutputChannelOn.Never,
        initializationOptions: () => this.settings(),
        stdioOptions: { stdout: () => {}, stderr: log.forward },
        // The client would show it; the end of the process follows, and a new start.
        initializationFailedHandler: () => false,
        errorHandler: {
          error: () => ({ action: ErrorAction.Continue, handled: true }),
          closed: () => this.closed(client),
        },
        middleware: {
          ...more.middleware,
          workspace: {
            // The client would answer with the defaults, too.
            configuration: (params) =>
              params.items.map((item) => (item.section === 'foretype' ? this.settings() : null)),
          },
          handleWorkDoneProgress: (token, step, next) => {
            if (token === download.TOKEN) return downloading.show(step)
            // The status bar's own item shows it.
            if (!String(token).startsWith('foretype.index')) return next(token, step)
            const isOver = step.kind === 'end'
            this.work = isOver ? undefined : `indexing${step.message ? `: ${step.message}` : ''}`
            if (isOver) this.learned = step.message
            this.changed.fire()
          },
        },
      },
    )
    client.onNotification('foretype/status', (status: Status) => {
      this.status = status
      this.changed.fire()
    })
    client.onNotification('foretype/suggestionReady', (place: Place) => void more.ask(place))
    client.onDidChangeState(({ newState }) => {
      if (newState !== State.Running) downloading.end()
      if (client !== this.client) return
      if (newState === State.Running) void this.welcome()
    })
    return client
  }

  private async welcome(): Promise<void> {
    await this.refresh().catch(() => {})
    this.become('running')
  }

  private async closed(client: LanguageClient): Promise<{ action: CloseAction; handled: boolean }> {
    if (client !== this.client) return { action: CloseAction.DoNotRestart, handled: true }
    this.forget()
    const wait = this.backoff.crashed(Date.now())
    if (wait === undefined) {
      this.become('stopped', 'The server has ended four times within three minutes, and is not started again.')
      void this.tellOfTheEnd()
      return { action: CloseAction.DoNotRestart, handled: true }
    }
    this.channel.warn(`the server has ended; it is started again in ${wait} ms`)
    this.become('starting')
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, wait)
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.wake = undefined
    const action = client === this.client ? CloseAction.Restart : CloseAction.DoNotRestart
    return { action, handled: true }
  }

  private async tellOfTheEnd(): Promise<void> {
    const [log, restart] = ['Open the Log', 'Start It Again']
    const answer = await window.showErrorMessage(`foretype: ${this.message} Its log says why.`, log, restart)
    if (answer === log) this.channel.show()
    if (answer === restart) await this.restart()
  }

  private forget(): void {
    this.work = undefined
    this.learned = undefined
    this.status = undefined
  }

  private become(condition: Condition, message = ''): void {
    this.condition = condition
    this.message = message
    void commands.executeCommand('setContext', 'foretype.isRunning', condition === 'running')
    this.changed.fire()
  }

  private tellSettings(): void {
    if (!this.client?.isRunning()) return
    void this.client.sendNotification('workspace/didChangeConfiguration', { settings: { foretype: this.settings() } })
  }
}

/**
 * Leaves the server's commands to the extension: the client would register them at each start, and fail to start at all
 * where another extension runs the same server.
 */
class Client extends LanguageClient {
  override registerFeature(feature: StaticFeature | DynamicFeature<unknown>): void {
    const isCommands = 'registrationType' in feature && feature.registrationType.method === 'workspace/executeCommand'
    if (!isCommands) super.registerFeature(feature)
  }

  /** For the log: what the user has to know, we say. */
  override error(message: string, data?: unknown): void {
    super.error(message, data, false)
  }

  protected override fillInitializeParams(params: Parameters<LanguageClient['fillInitializeParams']>[0]): void {
    super.fillInitializeParams(params)
    const experimental = params.capabilities.experimental as object | undefined
    params.capabilities.experimental = { ...experimental, foretypeStatus: true, foretypeSuggestionReady: true }
  }
}

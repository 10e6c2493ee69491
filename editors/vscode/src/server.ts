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
import * as log from './log'
import type { Status } from './overview'
import { find, type Missing, type Program } from './program'
import { told } from './settings'

/** Files, buffers without one, and the cells of notebooks. Whatever else is shown as text is nobody's to complete. */
const DOCUMENTS = [{ scheme: 'file' }, { scheme: 'untitled' }, { scheme: 'vscode-notebook-cell' }]

/** The command of every item: the user has taken it. */
const ACCEPT = 'foretype.accept'

export type Condition = 'starting' | 'running' | 'stopped'

export class Server implements Disposable {
  condition: Condition = 'starting'
  /** Why it is stopped; for the user. */
  message = ''
  program: Program | undefined
  status: Status | undefined
  /** What it does beside answering. */
  work: string | undefined

  private client: LanguageClient | undefined
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
    this.registerAccept()
    this.disposables.push(
      workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('foretype.server')) void this.restart()
        else if (event.affectsConfiguration('foretype')) this.tellSettings()
      }),
    )
  }

  async start(): Promise<void> {
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
    // What kept it from starting is told where its end is told of.
    await this.client.start().catch((error: Error) => this.channel.error(error.message))
  }

  async restart(): Promise<void> {
    this.backoff.forget()
    if (this.wake) return this.wake()
    await this.stop()
    await this.start()
  }

  async stop(): Promise<void> {
    const client = this.client
    this.client = undefined
    // One that never came up has nothing to be said good-bye to.
    if (client?.needsStop()) await client.dispose().catch((error: Error) => this.channel.warn(error.message))
  }

  /** The answer to a command of the server's; `undefined` when it is not running. */
  async request<T>(command: string, ...args: unknown[]): Promise<T | undefined> {
    if (!this.client?.isRunning()) return undefined
    return this.client.sendRequest<T>('workspace/executeCommand', { command, arguments: args })
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

  private makeClient({ path }: Program): LanguageClient {
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
        errorHandler: {
          error: () => ({ action: ErrorAction.Continue, handled: true }),
          closed: () => this.closed(client),
        },
        middleware: {
          workspace: {
            // The client would answer with the defaults, too.
            configuration: (params) =>
              params.items.map((item) => (item.section === 'foretype' ? this.settings() : null)),
          },
          handleWorkDoneProgress: (token, params, next) => {
            // The status bar's own item shows it.
            if (!String(token).startsWith('foretype.index')) return next(token, params)
            this.work = params.kind === 'end' ? undefined : `indexing${params.message ? `: ${params.message}` : ''}`
            this.changed.fire()
          },
        },
      },
    )
    client.onNotification('foretype/status', (status: Status) => {
      this.status = status
      this.changed.fire()
    })
    client.onDidChangeState(({ newState }) => {
      if (client !== this.client) return
      if (newState === State.Running) void this.welcome()
    })
    return client
  }

  private async welcome(): Promise<void> {
    this.status = await this.request<Status>('foretype.status').catch(() => undefined)
    this.become('running')
  }

  private async closed(client: LanguageClient): Promise<{ action: CloseAction; handled: boolean }> {
    if (client !== this.client) return { action: CloseAction.DoNotRestart, handled: true }
    this.work = undefined
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
    return { action: CloseAction.Restart, handled: true }
  }

  private async tellOfTheEnd(): Promise<void> {
    const [log, restart] = ['Open the Log', 'Start It Again']
    const answer = await window.showErrorMessage(`foretype: ${this.message} Its log says why.`, log, restart)
    if (answer === log) this.channel.show()
    if (answer === restart) await this.restart()
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

  /**
   * By ourselves, and once: the client would register all commands of the server at each start, and fail to start at all
   * where another extension runs the same server.
   */
  private registerAccept(): void {
    try {
      const accept = (...args: unknown[]) => this.request(ACCEPT, ...args)
      this.disposables.push(commands.registerCommand(ACCEPT, accept))
    } catch {
      this.channel.warn(`another extension has the command ${ACCEPT}; it is told of what is taken, this server is not`)
    }
  }
}

class Client extends LanguageClient {
  override registerFeature(feature: StaticFeature | DynamicFeature<unknown>): void {
    const isCommands = 'registrationType' in feature && feature.registrationType.method === 'workspace/executeCommand'
    if (!isCommands) super.registerFeature(feature)
  }

  protected override fillInitializeParams(params: Parameters<LanguageClient['fillInitializeParams']>[0]): void {
    super.fillInitializeParams(params)
    const experimental = params.capabilities.experimental as object | undefined
    params.capabilities.experimental = { ...experimental, foretypeStatus: true }
  }
}

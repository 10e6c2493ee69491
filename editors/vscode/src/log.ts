/** The server's log lines on the output channel, and a channel that keeps nothing. */

import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { LogLevel, type LogOutputChannel } from 'vscode'

/** As `tracing` writes them: time, level, module, text. */
const LINE = /^\S+Z\s+(ERROR|WARN|INFO|DEBUG|TRACE)\s+(.*)$/

export function forward(lines: Readable, channel: LogOutputChannel): void {
  createInterface({ input: lines }).on('line', (line) => {
    const [, level, text] = LINE.exec(line) ?? []
    switch (level) {
      case 'WARN':
        return channel.warn(text ?? '')
      case 'INFO':
        return channel.info(text ?? '')
      case 'DEBUG':
      case 'TRACE':
        return channel.debug(text ?? '')
      default:
        return channel.error(text ?? line)
    }
  })
}

/** The server's word for a channel's level. */
export function level(channel: LogOutputChannel): string {
  return LogLevel[channel.logLevel]?.replace('Warning', 'warn').toLowerCase() ?? 'info'
}

/**
 * For the client's trace of the protocol, which holds the text of every file that is opened. That belongs into no log, at
 * no level.
 */
export function silent(): LogOutputChannel {
  const nothing = () => {}
  return {
    name: 'foretype',
    logLevel: LogLevel.Off,
    onDidChangeLogLevel: () => ({ dispose: nothing }),
    trace: nothing,
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: nothing,
    append: nothing,
    appendLine: nothing,
    replace: nothing,
    clear: nothing,
    show: nothing,
    hide: nothing,
    dispose: nothing,
  }
}

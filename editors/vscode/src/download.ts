/** A model's download as a notification: the client itself would show neither how far it is nor how it ended. */

import { type CancellationToken, type Progress, ProgressLocation, window } from 'vscode'
import type { WorkDoneProgressBegin, WorkDoneProgressEnd, WorkDoneProgressReport } from 'vscode-languageclient/node'

/** By it the server is told to stop. */
export const TOKEN = 'foretype.model'

const SEEN_MS = 10_000

export class Download {
  private percent = 0
  private progress: Progress<{ message?: string; increment?: number }> | undefined
  private done: (() => void) | undefined

  constructor(private readonly stop: () => void) {}

  show(step: WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd): void {
    switch (step.kind) {
      case 'begin':
        this.begin(step.title)
        break
      case 'report':
        this.report(step)
        break
      case 'end':
        this.end()
        if (step.message) window.setStatusBarMessage(`foretype: ${step.message}`, SEEN_MS)
    }
  }

  /** There is nobody any more who would say so. */
  end(): void {
    this.done?.()
    this.done = undefined
    this.progress = undefined
  }

  private begin(title: string): void {
    this.end()
    this.percent = 0
    const options = { location: ProgressLocation.Notification, cancellable: true, title }
    void window.withProgress(options, (progress, cancelled: CancellationToken) => {
      this.progress = progress
      cancelled.onCancellationRequested(this.stop)
      return new Promise<void>((resolve) => {
        this.done = resolve
      })
    })
  }

  private report({ percentage, message }: WorkDoneProgressReport): void {
    if (percentage === undefined) return this.progress?.report({ message })
    this.progress?.report({ message: `${percentage} %`, increment: percentage - this.percent })
    this.percent = percentage
  }
}

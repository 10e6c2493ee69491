/**
 * More than was answered: it is asked for where the cursor still stands, and shown in place of its beginning. VS Code asks
 * a second time only when the user does, and has a way to say so only for extensions of its own.
 */

import { commands, InlineCompletionTriggerKind, type Position, type TextDocument, window } from 'vscode'
import type { Middleware } from 'vscode-languageclient/node'

/** What `foretype/suggestionReady` says. */
export interface Place {
  textDocument: { uri: string; version: number }
  position: { line: number; character: number }
}

export class More {
  private isAsking = false

  /** `uri` is how the server calls a document. */
  constructor(private readonly uri: (document: TextDocument) => string) {}

  async ask({ textDocument, position }: Place): Promise<void> {
    const editor = window.activeTextEditor
    if (editor?.document.version !== textDocument.version || this.uri(editor.document) !== textDocument.uri) return
    if (!editor.selection.isEmpty || !isAt(editor.selection.active, position)) return
    this.isAsking = true
    try {
      await commands.executeCommand('editor.action.inlineSuggest.trigger')
      // What is shown stays the first, and what came after it the second.
      await commands.executeCommand('editor.action.inlineSuggest.showNext')
    } finally {
      this.isAsking = false
    }
  }

  /** By its command VS Code says that the user asks, who would get everything that there is. */
  readonly middleware: Pick<Middleware, 'provideInlineCompletionItems'> = {
    provideInlineCompletionItems: (document, position, context, token, next) => {
      const automatic = { ...context, triggerKind: InlineCompletionTriggerKind.Automatic }
      return next(document, position, this.isAsking ? automatic : context, token)
    },
  }
}

function isAt(cursor: Position, { line, character }: Place['position']): boolean {
  return cursor.line === line && cursor.character === character
}

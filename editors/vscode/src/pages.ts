/** Pages of plain text, beside what is being edited: they are asked for anew each time. */

import { type Disposable, EventEmitter, type TextDocumentContentProvider, Uri, ViewColumn, window, workspace } from 'vscode'

const SCHEME = 'foretype'

export class Pages implements TextDocumentContentProvider, Disposable {
  private readonly texts = new Map<string, string>()
  private readonly changed = new EventEmitter<Uri>()
  readonly onDidChange = this.changed.event
  private readonly registration = workspace.registerTextDocumentContentProvider(SCHEME, this)

  provideTextDocumentContent(uri: Uri): string {
    return this.texts.get(uri.path) ?? ''
  }

  /** The keyboard stays where it is: one types on, and looks. */
  async show(title: string, text: string): Promise<void> {
    const uri = Uri.from({ scheme: SCHEME, path: title })
    this.texts.set(title, text)
    this.changed.fire(uri)
    const document = await workspace.openTextDocument(uri)
    await window.showTextDocument(document, { viewColumn: ViewColumn.Beside, preserveFocus: true, preview: true })
  }

  dispose(): void {
    this.registration.dispose()
    this.changed.dispose()
  }
}

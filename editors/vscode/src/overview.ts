/** What the server says of itself, and how that reads in one word, one tip and one list. Knows no editor. */

/** What `foretype.status` answers, and `foretype/status` tells at every change. */
export interface Status {
  instant: string[]
  models: Model[]
  answers: string | null
}

export interface Model {
  label: string
  is_remote: boolean
  model: string | null
  /** Why it has no model. */
  missing: string | null
  health: { state: 'healthy' } | { state: 'down'; message: string; next_probe_s: number | null }
  first_words_p90_ms: number | null
}

/** Of `foretype.stats`. */
export interface Today {
  saved_characters: number
  cost_usd: number | null
}

/** What `foretype.document` answers. */
export interface Document {
  language: string | null
  obstacle: string | null
}

export type Overview =
  | { state: 'starting' }
  | { state: 'stopped'; message: string }
  | {
      state: 'running'
      version: string
      status?: Status
      today?: Today
      /** Absent where no text is being edited. */
      document?: Document
      /** What the server is doing beside, such as `indexing: 120 files`. */
      work?: string
      /** The editor's own switch for ghost text. */
      isShownByEditor: boolean
    }

export interface Face {
  icon: 'zap' | 'loading~spin' | 'circle-slash' | 'warning' | 'error'
  text: string
  /** One sentence a line. */
  tip: string[]
}

export function face(overview: Overview): Face {
  if (overview.state === 'starting') return { icon: 'loading~spin', text: 'foretype', tip: ['The server starts.'] }
  if (overview.state === 'stopped') return { icon: 'error', text: 'foretype', tip: [overview.message] }

  const { status, today, document, work, isShownByEditor } = overview
  const tip = [...(status ? modelLines(status) : []), ...(today ? [todayLine(today)] : [])]
  if (work) tip.unshift(sentence(work))
  const obstacle = isShownByEditor ? document?.obstacle : 'the editor shows no ghost text: editor.inlineSuggest.enabled'
  if (obstacle) {
    return { icon: 'circle-slash', text: 'foretype', tip: [`Off here: ${obstacle}.`, ...tip] }
  }
  const first = status?.models.find((model) => model.label === status.answers)
  const answers = (first && name(first)) ?? status?.instant[0] ?? 'foretype'
  const money = today?.cost_usd ? ` ${usd(today.cost_usd)}` : ''
  const isDown = status?.models.some((model) => model.health.state === 'down')
  return { icon: work ? 'loading~spin' : isDown ? 'warning' : 'zap', text: `${answers}${money}`, tip }
}

function modelLines(status: Status): string[] {
  const models = status.models.map((model) => `${name(model)}: ${modelState(model, status.answers === model.label)}.`)
  if (status.answers) return models
  const who = status.instant.length > 0 ? 'The instant engine answers, from your project alone.' : 'Nothing answers.'
  return [who, ...models]
}

/** An endpoint has a name of the user's; what runs here is called by its model. */
export function name({ label, model, is_remote }: Model): string {
  return is_remote ? label : (model ?? label)
}

export function modelState(model: Model, isFirst: boolean): string {
  const { health, missing, first_words_p90_ms: pace, is_remote } = model
  if (missing) return missing
  if (health.state === 'down') {
    const next = health.next_probe_s
    return `down, ${health.message}; asked again ${next === null ? 'with your next key' : `in ${next} s`}`
  }
  const place = is_remote ? 'elsewhere' : 'on this machine'
  return `${place}, ${isFirst ? 'asked first' : 'ready'}${pace === null ? '' : `, ${pace} ms to the first words`}`
}

export function todayLine({ saved_characters: saved, cost_usd: cost }: Today): string {
  const characters = saved === 1 ? 'one character' : `${saved.toLocaleString('en')} characters`
  return `Today it saved you ${characters}${cost ? `, and cost ${usd(cost)}` : ''}.`
}

/** Small sums are what they are, and not nothing. */
function usd(amount: number): string {
  return amount < 0.01 ? '< $0.01' : `$${amount.toFixed(2)}`
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

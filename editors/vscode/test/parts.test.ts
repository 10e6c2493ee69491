import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Backoff } from '../src/backoff'
import { face, type Model, type Overview } from '../src/overview'
import { environment, told } from '../src/settings'

test('a crash is waited for longer each time, and the fourth is the end', () => {
  const backoff = new Backoff()
  const waits = [0, 10_000, 20_000, 30_000].map((now) => backoff.crashed(now))
  assert.deepEqual(waits, [500, 2_000, 8_000, undefined])
  backoff.forget()
  assert.equal(backoff.crashed(31_000), 500)
})

test('a crash an hour is no loop', () => {
  const backoff = new Backoff()
  for (let hour = 0; hour < 9; hour += 1) assert.equal(backoff.crashed(hour * 3_600_000), 500)
})

test('only what the user has set is told, and what is not set is taken back', () => {
  const keys = ['foretype.server.path', 'foretype.enabled', 'foretype.suggest.max_lines', 'foretype.suggest.min_chance']
  keys.push('foretype.local.model', 'editor.tabSize')
  const set: Record<string, unknown> = { 'foretype.server.path': '/x', 'foretype.suggest.max_lines': 3, 'editor.tabSize': 2 }
  assert.deepEqual(told(keys, (key) => set[key]), { enabled: null, suggest: { max_lines: 3 }, local: null })
  assert.deepEqual(told(keys, (key) => (key === 'foretype.enabled' ? false : undefined)), {
    enabled: false,
    suggest: null,
    local: null,
  })
})

test('a program is told the same by its environment', () => {
  const endpoints = [{ name: 'team', protocol: 'infill' }]
  const told = { enabled: false, local: null, privacy: { deny: ['*.sql', '*.csv'] }, remote: { endpoints, per_day_usd: 2 } }
  assert.deepEqual(environment(told), {
    FORETYPE_ENABLED: 'false',
    FORETYPE_PRIVACY_DENY: '*.sql,*.csv',
    FORETYPE_REMOTE_ENDPOINTS: '[{"name":"team","protocol":"infill"}]',
    FORETYPE_REMOTE_PER_DAY_USD: '2',
  })
})

const local: Model = {
  label: 'local',
  is_remote: false,
  model: 'qwen',
  missing: null,
  health: { state: 'healthy' },
  first_words_p90_ms: 120,
}
const down: Model = {
  label: 'codestral',
  is_remote: true,
  model: 'codestral-latest',
  missing: null,
  health: { state: 'down', message: 'its key is refused', next_probe_s: 30 },
  first_words_p90_ms: null,
}

function running(parts: Partial<Extract<Overview, { state: 'running' }>>): Overview {
  return {
    state: 'running',
    version: '0.1.0',
    status: { instant: ['instant'], models: [], answers: null },
    isShownByEditor: true,
    ...parts,
  }
}

test('the status names who answers', () => {
  assert.deepEqual(face(running({})), {
    icon: 'zap',
    text: 'instant',
    tip: ['The instant engine answers, from your project alone.'],
  })
  const empty = { ...local, model: null, missing: 'there is no model' }
  const without = face(running({ status: { instant: ['instant'], models: [empty], answers: null } }))
  assert.deepEqual([without.text, without.tip[1]], ['instant', 'local: there is no model.'])
  const models = face(running({ status: { instant: ['instant'], models: [down, local], answers: 'local' } }))
  assert.deepEqual([models.icon, models.text], ['warning', 'qwen'])
  assert.deepEqual(models.tip, [
    'codestral: down, its key is refused; asked again in 30 s.',
    'qwen: on this machine, asked first, 120 ms to the first words.',
  ])
})

test('it tells what today saved and cost, and hides no small sum', () => {
  const { text, tip } = face(running({ today: { saved_characters: 1240, cost_usd: 0.004 } }))
  assert.equal(text, 'instant < $0.01')
  assert.ok(tip.includes('Today it saved you 1,240 characters, and cost < $0.01.'))
  assert.equal(face(running({ today: { saved_characters: 1, cost_usd: null } })).text, 'instant')
})

test('it tells why it is off, and what it is busy with', () => {
  const secret = face(running({ document: { language: null, obstacle: '.env is blocked' } }))
  assert.deepEqual([secret.icon, secret.tip[0]], ['circle-slash', 'Off here: .env is blocked.'])
  const hidden = face(running({ isShownByEditor: false, document: { language: 'rust', obstacle: null } }))
  assert.match(hidden.tip[0] ?? '', /editor\.inlineSuggest\.enabled/)
  const busy = face(running({ work: 'indexing: 12 files' }))
  assert.deepEqual([busy.icon, busy.tip[0]], ['loading~spin', 'Indexing: 12 files.'])
  assert.deepEqual(face({ state: 'stopped', message: 'It has ended.' }).tip, ['It has ended.'])
})

import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, test } from 'node:test'
import { find, isOlder, NEEDED } from '../src/program'

const folder = mkdtempSync(join(tmpdir(), 'foretype-'))
after(() => rmSync(folder, { recursive: true }))

function program(name: string, script: string): string {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

const good = program('good/foretype', 'echo foretype 1.2.3')

test('the chosen program is taken, and no other', async () => {
  assert.deepEqual(await find(good), { path: good, version: '1.2.3' })
  const elsewhere = await find(join(folder, 'none'), { PATH: join(folder, 'good') })
  assert.ok('kind' in elsewhere && elsewhere.kind === 'wrong' && elsewhere.message.includes('names no program'))
})

test('of the PATH the first full one is taken', async () => {
  const other = program('other/foretype', 'echo foretype 9.9.9')
  const path = ['.', 'good', join(folder, 'empty'), join(folder, 'other'), join(folder, 'good')].join(delimiter)
  assert.deepEqual(await find('', { PATH: path }), { path: other, version: '9.9.9' })
})

test('then where Cargo puts it, and then there is none', async () => {
  const path = program('cargo/bin/foretype', 'echo foretype 1.0.0')
  assert.deepEqual(await find('', { PATH: '', CARGO_HOME: join(folder, 'cargo') }), { path, version: '1.0.0' })
})

test('a relative path, an old program and another one are named', async () => {
  const kinds: [string, string, RegExp][] = [
    ['foretype', 'wrong', /a full path/],
    [program('old', 'echo foretype 0.0.1'), 'old', new RegExp(`0\\.0\\.1, and ${NEEDED.replaceAll('.', '\\.')} or newer`)],
    [program('loud', 'echo no idea'), 'wrong', /it says "no idea"/],
    [program('broken', 'echo cannot load >&2; exit 1'), 'wrong', /cannot load/],
  ]
  for (const [path, kind, message] of kinds) {
    const found = await find(path)
    assert.ok('kind' in found && found.kind === kind, JSON.stringify(found))
    assert.match(found.message, message)
  }
})

test('versions are numbers, not letters', () => {
  assert.ok(isOlder('0.9.0', '0.10.0') && isOlder('0.1.9', '1.0.0'))
  assert.ok(!isOlder('0.10.0', '0.9.9') && !isOlder('1.0.0', '1.0.0'))
})

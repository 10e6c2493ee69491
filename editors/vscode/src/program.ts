/** Which program is started, and whether it is new enough. Knows no editor. */

import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, isAbsolute, join } from 'node:path'

/** The oldest server that has all commands this extension asks for. */
export const NEEDED = '0.1.0'

/** A program that prints its version takes milliseconds; a first start through a virus scanner, seconds. */
const PATIENCE_MS = 15_000

export interface Program {
  path: string
  version: string
}

/** Why there is no program to start. `message` is for the user. */
export interface Missing {
  kind: 'absent' | 'wrong' | 'old'
  message: string
}

export async function find(
  chosen: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Program | Missing> {
  if (chosen) {
    const path = chosen.replace(/^~(?=[/\\])/, homedir())
    if (!isAbsolute(path)) {
      return { kind: 'wrong', message: `foretype.server.path has to be a full path, and is "${chosen}".` }
    }
    if (!(await isProgram(path))) {
      return { kind: 'wrong', message: `foretype.server.path names no program: ${path}` }
    }
    return check(path)
  }
  for (const folder of folders(environment)) {
    const path = join(folder, process.platform === 'win32' ? 'foretype.exe' : 'foretype')
    if (await isProgram(path)) return check(path)
  }
  return { kind: 'absent', message: 'The program foretype is neither in your PATH nor where Cargo installs it.' }
}

/** A relative entry of PATH would mean the folder that happens to be open, and a program out of it. */
function folders(environment: NodeJS.ProcessEnv): string[] {
  const cargo = join(environment.CARGO_HOME || join(homedir(), '.cargo'), 'bin')
  const usual = [cargo, join(homedir(), '.local', 'bin'), '/usr/local/bin', '/opt/homebrew/bin']
  return [...(environment.PATH ?? '').split(delimiter), ...usual].filter(isAbsolute)
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

async function check(path: string): Promise<Program | Missing> {
  const said = await run(path, ['--version']).catch((error: Error) => error)
  const version = typeof said === 'string' ? /^foretype (\d+\.\d+\.\d+)/.exec(said)?.[1] : undefined
  if (!version) {
    const why = typeof said === 'string' ? `it says "${said.trim().slice(0, 80)}"` : said.message.trim()
    return { kind: 'wrong', message: `${path} does not tell its version as foretype does: ${why}` }
  }
  if (isOlder(version, NEEDED)) {
    return { kind: 'old', message: `${path} is version ${version}, and ${NEEDED} or newer is needed.` }
  }
  return { path, version }
}

/** Of versions such as `1.20.3`. */
export function isOlder(version: string, than: string): boolean {
  const parts = (text: string) => text.split('.').map(Number)
  const [a, b] = [parts(version), parts(than)]
  const first = b.findIndex((part, i) => part !== a[i])
  return first >= 0 && (a[first] ?? 0) < (b[first] ?? 0)
}

/** What it prints on its standard output. Fails with what it printed on the other. */
export function run(path: string, commandLine: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const usual = { timeout: PATIENCE_MS, windowsHide: true }
    execFile(path, commandLine, { ...usual, ...options }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr.trim() || error.message))
      else resolve(stdout)
    })
  })
}

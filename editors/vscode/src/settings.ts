/** What the server is told of the editor's settings. Knows no editor. */

const PREFIX = 'foretype.'

/** These are the extension's own. */
const OWN = 'foretype.server.'

/**
 * The settings that the user has set, by section, out of the keys that there are.
 *
 * Defaults are left out, because they would cover what the user's `config.toml` says. A section in which nothing is set is
 * `null`: so the server forgets what it was told of it before.
 */
export function told(keys: string[], set: (key: string) => unknown): Record<string, unknown> {
  const sections: Record<string, unknown> = {}
  for (const key of keys.filter((key) => key.startsWith(PREFIX) && !key.startsWith(OWN))) {
    const value = set(key) ?? null
    const [section = '', ...rest] = key.slice(PREFIX.length).split('.')
    const name = rest.join('.')
    if (!name) sections[section] = value
    else if (value !== null) sections[section] = { ...(sections[section] as object | null), [name]: value }
    else sections[section] ??= null
  }
  return sections
}

/** What was told, for a program that reads its settings from the environment. */
export function environment(told: Record<string, unknown>): Record<string, string> {
  const variables: Record<string, string> = {}
  const add = (key: string, value: unknown) => {
    if (value === null) return
    const isList = Array.isArray(value) && value.every((item) => typeof item === 'string')
    if (typeof value === 'object' && !Array.isArray(value)) {
      for (const [name, inner] of Object.entries(value)) add(`${key}_${name}`, inner)
    } else {
      const text = typeof value === 'string' ? value : isList ? value.join(',') : JSON.stringify(value)
      variables[key.replaceAll('.', '_').toUpperCase()] = text
    }
  }
  add('foretype', told)
  return variables
}

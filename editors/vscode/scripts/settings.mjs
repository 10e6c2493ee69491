// Writes the settings of package.json from ../config.schema.json, which `foretype config schema` prints.
// With --check it only says whether they are current.

import { readFileSync, writeFileSync } from 'node:fs'

/** The user's taste, on every machine. All others are of one machine: they may name addresses, programs and keys. */
const TASTE = ['ahead', 'context', 'enabled', 'instant', 'languages', 'ledger', 'privacy', 'restraint', 'suggest', 'workspace']

/** What the schema gives as their default is of the machine that printed it. */
const NO_DEFAULT = ['local.threads']

/** Settings of the extension itself. */
const OWN = {
  'foretype.server.path': {
    type: 'string',
    default: '',
    scope: 'machine',
    order: 0,
    markdownDescription:
      'The program `foretype`, by its full path. Empty: the one in your `PATH`, or where Cargo installs it.',
  },
}

const schema = JSON.parse(readFileSync(new URL('../../config.schema.json', import.meta.url), 'utf8'))
const file = new URL('../package.json', import.meta.url)
const text = readFileSync(file, 'utf8')
const manifest = JSON.parse(text)

// No setting has a scope that a workspace could set: a project tightens by its .foretype.toml, which cannot loosen.
const properties = { ...OWN }
for (const [name, property] of Object.entries(schema.properties)) {
  const inside = property.properties ? Object.entries(property.properties) : [['', property]]
  for (const [inner, { description, ...setting }] of inside) {
    const key = inner ? `${name}.${inner}` : name
    if (NO_DEFAULT.includes(key)) delete setting.default
    const scope = TASTE.includes(name) ? 'application' : 'machine'
    properties[`foretype.${key}`] = { ...setting, scope, markdownDescription: description }
  }
}
manifest.contributes.configuration.properties = properties

const current = JSON.stringify(JSON.parse(text)) === JSON.stringify(manifest)
if (process.argv.includes('--check')) {
  if (!current) {
    console.error('package.json lags behind ../config.schema.json; run `npm run settings`')
    process.exit(1)
  }
} else if (!current) {
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`)
}

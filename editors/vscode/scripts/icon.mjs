// Draws images/icon.png: a line of code whose end is not typed yet.

import { writeFileSync } from 'node:fs'
import { crc32, deflateSync } from 'node:zlib'

const SIZE = 256
/** Of each pixel's side, so that edges are smooth. */
const SAMPLES = 4

/** x, y, width, height, corner, colour; the later ones on top. */
const SHAPES = [
  [0, 0, 256, 256, 52, [21, 24, 30]],
  [40, 66, 92, 24, 12, [231, 234, 240]],
  [40, 116, 62, 24, 12, [231, 234, 240]],
  [112, 100, 10, 56, 5, [92, 200, 255]],
  [132, 116, 84, 24, 12, [98, 106, 122]],
  [72, 166, 110, 24, 12, [98, 106, 122]],
]

function isInside([left, top, width, height, corner], x, y) {
  const [dx, dy] = [Math.abs(x - left - width / 2) - width / 2, Math.abs(y - top - height / 2) - height / 2]
  return Math.hypot(Math.max(dx + corner, 0), Math.max(dy + corner, 0)) <= corner && dx <= 0 && dy <= 0
}

function pixel(x, y) {
  const sum = [0, 0, 0, 0]
  for (let i = 0; i < SAMPLES ** 2; i += 1) {
    const [sx, sy] = [x + ((i % SAMPLES) + 0.5) / SAMPLES, y + (Math.floor(i / SAMPLES) + 0.5) / SAMPLES]
    const shape = SHAPES.findLast((shape) => isInside(shape, sx, sy))
    if (shape) for (const [channel, value] of [...shape[5], 255].entries()) sum[channel] += value
  }
  const n = sum[3] / 255
  return [...sum.slice(0, 3).map((value) => Math.round(n ? value / n : 0)), Math.round(sum[3] / SAMPLES ** 2)]
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}

const rows = Array.from({ length: SIZE }, (_, y) => [0, ...Array.from({ length: SIZE }, (_, x) => pixel(x, y)).flat()])
const header = Buffer.alloc(13)
header.writeUInt32BE(SIZE, 0)
header.writeUInt32BE(SIZE, 4)
// Eight bits each of red, green, blue and opacity.
header.set([8, 6], 8)
const png = [
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
  chunk('IHDR', header),
  chunk('IDAT', deflateSync(Buffer.from(rows.flat()), { level: 9 })),
  chunk('IEND', Buffer.alloc(0)),
]
writeFileSync(new URL('../images/icon.png', import.meta.url), Buffer.concat(png))

--- Screens of a terminal, as one animated SVG.
---
--- What looks the same in frames that follow each other is drawn once, and shown from the first to the last of them.
--- Where nothing moves (a renderer without animation, a reader who asked for less motion) the frame marked `is_still`
--- is seen.

local M = {}

local CELL_WIDTH, CELL_HEIGHT, FONT_SIZE = 8.4, 20, 14
local MARGIN, BAR = 14, 34

---@param number integer
local function colour(number)
  return ('#%06x'):format(number)
end

local function escape(text)
  return (text:gsub('&', '&amp;'):gsub('<', '&lt;'):gsub('>', '&gt;'))
end

--- A number as short as it can be written.
local function n(value)
  return (('%.2f'):format(value):gsub('%.?0+$', ''))
end

---@param attributes table as Neovim tells them
---@param frame table
local function look(attributes, frame)
  local foreground = attributes.foreground or frame.foreground
  local background = attributes.background or frame.background
  if attributes.reverse then
    foreground, background = background, foreground
  end
  return {
    foreground = colour(foreground),
    background = background ~= frame.background and colour(background) or nil,
    bold = attributes.bold,
    italic = attributes.italic,
  }
end

--- The cells of a row that look alike, joined.
local function runs(cells, frame)
  local joined = {}
  for column, cell in ipairs(cells) do
    local appearance = look(cell[2] or {}, frame)
    local last = joined[#joined]
    if last and vim.deep_equal(last.look, appearance) then
      last.text = last.text .. cell[1]
      last.width = last.width + 1
    else
      table.insert(joined, { column = column, text = cell[1], width = 1, look = appearance })
    end
  end
  return joined
end

local function background(run, y)
  local x, width = (run.column - 1) * CELL_WIDTH, run.width * CELL_WIDTH
  return ('<rect x="%s" y="%s" width="%s" height="%d" fill="%s"/>'):format(
    n(x), n(y), n(width), CELL_HEIGHT, run.look.background)
end

--- Each run has its own place and length, so that it stays in its cells whatever font the reader has.
local function words(run, y)
  local lead, text = run.text:match('^( *)(.-) *$')
  if text == '' then
    return ''
  end
  local x = (run.column - 1 + #lead) * CELL_WIDTH
  local length = vim.fn.strdisplaywidth(text) * CELL_WIDTH
  local style = (run.look.bold and ' font-weight="bold"' or '') .. (run.look.italic and ' font-style="italic"' or '')
  return ('<text x="%s" y="%s" textLength="%s" fill="%s"%s>%s</text>'):format(
    n(x), n(y + 14.5), n(length), run.look.foreground, style, escape(text))
end

local function draw_row(cells, row, frame)
  local y = (row - 1) * CELL_HEIGHT
  local behind, before = {}, {}
  for _, run in ipairs(runs(cells, frame)) do
    if run.look.background then
      table.insert(behind, background(run, y))
    end
    table.insert(before, words(run, y))
  end
  return table.concat(behind) .. table.concat(before)
end

local function draw_cursor(frame)
  local x, y = (frame.column - 1) * CELL_WIDTH, (frame.row - 1) * CELL_HEIGHT
  return ('<rect x="%s" y="%s" width="2" height="%d" fill="%s"/>'):format(
    n(x), n(y), CELL_HEIGHT, colour(frame.foreground))
end

--- The key that was pressed, in the window's bar.
local function draw_key(frame, width)
  if not frame.key then
    return ''
  end
  local x, y = width - 2 * MARGIN - 44, -BAR + 7
  return ('<rect x="%s" y="%d" width="44" height="20" rx="5" fill="#3c3836" stroke="#665c54"/>'):format(n(x), y)
    .. ('<text x="%s" y="%s" text-anchor="middle" fill="#ebdbb2">%s</text>'):format(n(x + 22), n(y + 14.5), frame.key)
end

--- The stretches of frames in which a part of the picture is the same.
---@param drawings string[] one a frame
local function stretches(drawings)
  local found = {}
  for i, drawing in ipairs(drawings) do
    local last = found[#found]
    if last and last.drawing == drawing then
      last.to = i
    else
      table.insert(found, { from = i, to = i, drawing = drawing })
    end
  end
  return found
end

--- A class that shows its elements in these frames only.
local function rule(name, from, to, ends)
  local total = ends[#ends]
  local steps = { ('%s%%{opacity:1}'):format(n((ends[from - 1] or 0) / total * 100)) }
  if from > 1 then
    table.insert(steps, 1, '0%{opacity:0}')
  end
  if to < #ends then
    table.insert(steps, ('%s%%{opacity:0}'):format(n(ends[to] / total * 100)))
  end
  return ('@keyframes %s{%s}\n.%s{animation:%s %ss step-end infinite}'):format(
    name, table.concat(steps), name, name, n(total))
end

--- Each part's stretches as groups, and the rules that their classes need.
---@param parts string[][] drawings by part and frame
local function film(parts, frames)
  local ends, time, still = {}, 0, 1
  for i, frame in ipairs(frames) do
    time = time + frame.seconds
    ends[i] = time
    still = frame.is_still and i or still
  end
  local groups, rules, known = {}, {}, {}
  for _, drawings in ipairs(parts) do
    for _, stretch in ipairs(stretches(drawings)) do
      local from, to = stretch.from, stretch.to
      if from == 1 and to == #frames then
        table.insert(groups, stretch.drawing)
      elseif stretch.drawing ~= '' then
        local name = ('f%d-%d'):format(from, to)
        if not known[name] then
          known[name] = true
          table.insert(rules, rule(name, from, to, ends))
        end
        local seen = from <= still and still <= to and ' still' or ''
        table.insert(groups, ('<g class="f %s%s">%s</g>'):format(name, seen, stretch.drawing))
      end
    end
  end
  return table.concat(groups, '\n'), table.concat(rules, '\n')
end

--- By part and frame: each row, then the cursor, then the key.
local function draw(frames, width)
  local parts = {}
  for row = 1, #frames[1].rows do
    parts[row] = vim.tbl_map(function(frame)
      return draw_row(frame.rows[row], row, frame)
    end, frames)
  end
  table.insert(parts, vim.tbl_map(draw_cursor, frames))
  table.insert(parts, vim.tbl_map(function(frame)
    return draw_key(frame, width)
  end, frames))
  return parts
end

local STYLE = [[
text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:%dpx;white-space:pre}
.f{opacity:0}.still{opacity:1}
@media (prefers-reduced-motion:no-preference){
%s
}]]

---@param frames table[] `rows` of cells, `row` and `column` of the cursor from 1, `seconds`, `is_still`, `key`
---@param title string
function M.animate(frames, title)
  local first = frames[1]
  local width = #first.rows[1] * CELL_WIDTH + 2 * MARGIN
  local height = #first.rows * CELL_HEIGHT + BAR + MARGIN
  local groups, rules = film(draw(frames, width), frames)

  local out = {
    ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img" '):format(
      n(width), n(height), n(width), n(height))
      .. 'aria-label="Ghost text of foretype in Neovim: grey text ahead of the cursor, taken with Tab">',
    '<style>' .. STYLE:format(FONT_SIZE, rules) .. '</style>',
    ('<rect x=".5" y=".5" width="%s" height="%s" rx="9" fill="%s" stroke="#4a4a4a"/>'):format(
      n(width - 1), n(height - 1), colour(first.background)),
  }
  for i, light in ipairs({ '#ff5f57', '#febc2e', '#28c840' }) do
    table.insert(out, ('<circle cx="%d" cy="17" r="5.5" fill="%s"/>'):format(2 + 18 * i, light))
  end
  table.insert(out, ('<text x="%s" y="21.5" text-anchor="middle" fill="#928374">%s</text>'):format(
    n(width / 2), escape(title)))
  table.insert(out, ('<g transform="translate(%d %d)" xml:space="preserve">'):format(MARGIN, BAR))
  table.insert(out, groups)
  table.insert(out, '</g>')
  table.insert(out, '</svg>')
  return table.concat(out, '\n') .. '\n'
end

return M

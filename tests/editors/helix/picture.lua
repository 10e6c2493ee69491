--- Turns captured screens of tmux into one SVG: `nvim -l picture.lua FOLDER LINES COLUMNS TARGET`, started by `picture`.

local root = assert(vim.env.FORETYPE_ROOT, 'FORETYPE_ROOT is not set; start tests/editors/run helix --picture')
package.path = root .. '/tests/editors/neovim/?.lua;' .. package.path
local svg = require('svg')

local folder, n_rows, n_columns, target = arg[1], tonumber(arg[2]), tonumber(arg[3]), arg[4]

local function apply(attributes, codes)
  local i = 1
  while i <= #codes do
    local code = codes[i]
    if code == 0 then
      attributes = {}
    elseif code == 1 then
      attributes.bold = true
    elseif code == 3 then
      attributes.italic = true
    elseif code == 7 then
      attributes.reverse = true
    elseif (code == 38 or code == 48) and codes[i + 1] == 2 then
      local colour = codes[i + 2] * 65536 + codes[i + 3] * 256 + codes[i + 4]
      attributes[code == 38 and 'foreground' or 'background'] = colour
      i = i + 4
    elseif code == 39 then
      attributes.foreground = nil
    elseif code == 49 then
      attributes.background = nil
    end
    i = i + 1
  end
  return attributes
end

--- A line's cells as `svg` takes them: the text and how it looks.
local function cells(line, attributes)
  local found, at = {}, 1
  while at <= #line do
    local from, to, codes = line:find('^\27%[([%d;:]*)m', at)
    if from then
      local numbers = vim.tbl_map(tonumber, vim.split(codes == '' and '0' or codes, '[;:]'))
      attributes = apply(vim.deepcopy(attributes), numbers)
      at = to + 1
    else
      local length = vim.str_utf_end(line, at) + 1
      table.insert(found, { line:sub(at, at + length - 1), attributes })
      at = at + length
    end
  end
  while #found < n_columns do
    table.insert(found, { ' ', attributes })
  end
  return vim.list_slice(found, 1, n_columns), attributes
end

local function frame(name)
  local place, seconds, key = unpack(vim.fn.readfile(name .. '.about'))
  local row, column = place:match('^(%d+) (%d+)$')
  local rows, attributes = {}, {}
  for _, line in ipairs(vim.fn.readfile(name .. '.screen')) do
    local row_cells
    row_cells, attributes = cells(line, attributes)
    table.insert(rows, row_cells)
  end
  local paper = rows[1][1][2]
  return {
    rows = vim.list_slice(rows, 1, n_rows),
    row = row + 1,
    column = column + 1,
    seconds = tonumber(seconds),
    key = key ~= '' and key or nil,
    foreground = 0xebdbb2,
    background = paper.background or 0x282828,
  }
end

local frames = {}
for _, about in ipairs(vim.fn.sort(vim.fn.glob(folder .. '/*.about', true, true))) do
  table.insert(frames, frame((about:gsub('%.about$', ''))))
end
assert(#frames > 3, 'no frames in ' .. folder)
frames[3].is_still = true
local drawn = svg.animate(frames, 'orchard.rs - helix')
drawn = drawn:gsub('in Neovim: grey text ahead of the cursor, taken with Tab', 'in Helix: grey text ahead of the cursor, taken with Alt and a letter')
vim.fn.writefile(vim.split(drawn, '\n'), target, 'b')
print(('%s: %d frames'):format(target, #frames))

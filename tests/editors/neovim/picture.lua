--- Draws `editors/ghost-text.svg` from a real run: `tests/editors/run neovim --picture`.
---
--- A new entry is typed into a file of this repository. What is in the picture was on Neovim's screen, cell by cell;
--- if the server no longer says what is expected here, no picture is made.

local root = assert(vim.env.FORETYPE_ROOT, 'FORETYPE_ROOT is not set; start tests/editors/run neovim --picture')
local server = assert(vim.env.FORETYPE_BIN, 'FORETYPE_BIN is not set; start tests/editors/run neovim --picture')
package.path = root .. '/tests/editors/neovim/?.lua;' .. package.path

local Child = require('child')
local svg = require('svg')

local FILE = 'src/config/settings.rs'
--- The new entry goes before the one of this key.
local BEFORE = '        key: "privacy.deny",'
local ENTRY = {
  '    Setting {',
  '        key: "workspace.max_depth",',
  '        doc: "Deeper folders of the workspace are left out.",',
  '        ',
  '    },',
}

local INIT = [[
vim.o.termguicolors = true
vim.o.columns, vim.o.lines, vim.o.cmdheight = 88, 15, 0
vim.o.number, vim.o.wrap, vim.o.cursorline = true, false, true
vim.o.laststatus, vim.o.ruler, vim.o.shortmess = 0, false, vim.o.shortmess .. 'F'
vim.cmd.colorscheme('retrobox')
vim.api.nvim_set_hl(0, 'ComplHint', { fg = '#928374', italic = true })
]]

local function project()
  local folder = vim.fn.tempname()
  vim.fn.mkdir(folder .. '/.git', 'p')
  assert(vim.system({ 'cp', '-r', root .. '/src', folder }):wait().code == 0)
  local lines = vim.fn.readfile(folder .. '/' .. FILE)
  local below
  for i, line in ipairs(lines) do
    below = below or (line == BEFORE and i - 1)
  end
  assert(below, BEFORE .. ' is not in ' .. FILE)
  for i, line in ipairs(ENTRY) do
    table.insert(lines, below + i - 1, line)
  end
  vim.fn.writefile(lines, folder .. '/' .. FILE)
  return folder, below + 3
end

local folder, line = project()
local setup = ('require("foretype").setup({ cmd = { %q, "lsp" } })'):format(server)
local nvim = Child.start({ init = INIT .. setup, folder = folder, runtime = root .. '/editors/neovim', file = FILE })

local frames = {}

--- Keeps what is on the screen now, for `seconds` of the picture.
local function shoot(seconds, options)
  local screen = nvim:lua([[
    vim.cmd.redraw()
    local rows = {}
    for row = 0, vim.o.lines - 1 do
      rows[row + 1] = {}
      for column = 0, vim.o.columns - 1 do
        local cell = vim.api.nvim__inspect_cell(1, row, column)
        rows[row + 1][column + 1] = { cell[1], cell[2] }
      end
    end
    local at = vim.fn.screenpos(0, vim.fn.line('.'), vim.fn.col('.'))
    local normal = vim.api.nvim_get_hl(0, { name = 'Normal' })
    return { rows = rows, row = at.row, column = at.col, foreground = normal.fg, background = normal.bg }
  ]])
  frames[#frames + 1] = vim.tbl_extend('force', screen, { seconds = seconds }, options or {})
end

nvim:wait_attached()
nvim:wait_indexed()
nvim:lua('vim.fn.winrestview({ lnum = ..., topline = ... - 9 })', line)
nvim:type('A')
nvim:wait('insert mode', 'i', function()
  return nvim:lua('return vim.api.nvim_get_mode().mode')
end)
-- The first look at a cell makes Neovim number its colours anew: what is drawn already does not know them.
nvim:lua("vim.api.nvim__inspect_cell(1, 0, 0); vim.cmd('redraw!')")
shoot(0.8)
nvim:type('w')
nvim:wait_lines(line, line, { '        w' })
shoot(0.25)
nvim:wait_ghost('orkspace_may: Tighten::Lower,')
shoot(1.3)
nvim:type('<Tab>')
nvim:wait_lines(line, line, { '        workspace_may: Tighten::Lower,' })
shoot(0.8, { key = 'Tab' })
nvim:type('<CR>s')
nvim:wait_lines(line + 1, line + 1, { '        s' })
shoot(0.25)
local rest = 'lot: |settings| Slot::Count(&mut settings.workspace.max_depth),'
nvim:wait_ghost(rest)
shoot(1.8, { is_still = true })
for i = 1, 5 do
  nvim:type(rest:sub(i, i))
  nvim:wait_ghost(rest:sub(i + 1))
  shoot(0.14)
end
shoot(0.6)
nvim:type('<Tab>')
nvim:wait_lines(line + 1, line + 1, { '        s' .. rest })
shoot(2.2, { key = 'Tab' })
nvim:stop()

local picture = svg.animate(frames, FILE)
vim.fn.writefile(vim.split(picture, '\n'), root .. '/editors/ghost-text.svg', 'b')
io.write(('editors/ghost-text.svg: %d frames, %.1f KB\n'):format(#frames, #picture / 1024))
vim.cmd.cquit({ count = 0, bang = true })

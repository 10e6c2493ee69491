--- A second Neovim, driven over its own RPC: what the tests type is typed, what they read is on its screen.

local Child = {}
Child.__index = Child

--- The Neovim under test is the one that runs the tests.
Child.has_own_ghost = vim.lsp.inline_completion ~= nil

--- How long anything may take. Nothing sleeps: every wait is for a value.
local PATIENCE_MS = tonumber(vim.env.FORETYPE_TEST_PATIENCE_MS) or 15000

---@class Child.Options
---@field init? string     Lua that is the user's whole configuration
---@field home? string     a home folder with the configuration in it
---@field folder string    where it runs
---@field runtime? string  a plugin's folder to be found by it
---@field file? string     opened at the start
---@field env? table

---@param options Child.Options
function Child.start(options)
  local home = options.home or vim.fn.tempname()
  vim.fn.mkdir(home, 'p')
  local command = { vim.v.progpath, '--embed', '--headless', '-n' }
  if options.init then
    local init = home .. '/init.lua'
    vim.fn.writefile(vim.split(options.init, '\n'), init)
    vim.list_extend(command, { '--clean', '-u', init })
  end
  if options.runtime then
    vim.list_extend(command, { '--cmd', 'set runtimepath^=' .. vim.fn.fnameescape(options.runtime) })
  end
  vim.list_extend(command, { options.file })
  local self = setmetatable({ errors = {} }, Child)
  self.channel = vim.fn.jobstart(command, {
    rpc = true,
    cwd = options.folder,
    env = vim.tbl_extend('force', {
      HOME = home,
      XDG_CONFIG_HOME = home .. '/.config',
      XDG_DATA_HOME = home .. '/.local/share',
      XDG_STATE_HOME = home .. '/.local/state',
      XDG_CACHE_HOME = home .. '/.cache',
      FORETYPE_MODELS = home .. '/models',
      -- Its question would take the keys that a test types.
      FORETYPE_LOCAL_ASK = 'false',
    }, options.env or {}),
  })
  assert(self.channel > 0, 'cannot start ' .. vim.v.progpath)
  return self
end

function Child:stop()
  vim.rpcnotify(self.channel, 'nvim_command', 'qall!')
  vim.fn.jobwait({ self.channel }, 3000)
  vim.fn.jobstop(self.channel)
end

--- Runs Lua there; `...` in the code are the further arguments.
function Child:lua(code, ...)
  return vim.rpcrequest(self.channel, 'nvim_exec_lua', code, { ... })
end

function Child:command(command)
  return vim.rpcrequest(self.channel, 'nvim_exec2', command, { output = true }).output
end

--- Types keys, in the notation of mappings.
function Child:type(keys)
  vim.rpcrequest(self.channel, 'nvim_input', keys)
end

--- Waits until `read` returns `wanted`; fails with what it returned instead.
function Child:wait(what, wanted, read)
  local seen
  local came = vim.wait(PATIENCE_MS, function()
    seen = read()
    return vim.deep_equal(seen, wanted)
  end, 10)
  if not came then
    local asked = self:command('messages')
    error(('%s\n    wanted: %s\n    seen:   %s\n    :messages: %s'):format(
      what, vim.inspect(wanted), vim.inspect(seen), asked), 0)
  end
end

--- Waits for exactly these lines in the buffer.
function Child:wait_lines(first, last, wanted)
  self:wait(('lines %d to %d of the buffer'):format(first, last), wanted, function()
    return self:lua('return vim.api.nvim_buf_get_lines(0, ...)', first - 1, last, false)
  end)
end

--- The ghost text as it is drawn, lines joined; empty when there is none.
function Child:ghost()
  return self:lua([[
    local drawn = {}
    for _, name in ipairs({ 'nvim.lsp.inline_completion', 'foretype' }) do
      local id = vim.api.nvim_get_namespaces()[name]
      for _, mark in ipairs(id and vim.api.nvim_buf_get_extmarks(0, id, 0, -1, { details = true }) or {}) do
        local lines = { mark[4].virt_text[1][1] }
        for _, line in ipairs(mark[4].virt_lines or {}) do
          lines[#lines + 1] = line[1][1]
        end
        drawn[#drawn + 1] = table.concat(lines, '\n')
      end
    end
    return table.concat(drawn, ' AND ')
  ]])
end

function Child:wait_ghost(wanted)
  self:wait('ghost text', wanted, function()
    return self:ghost()
  end)
end

--- Waits until what a partial accept left is shown by Neovim itself, from a new answer.
function Child:wait_handover(wanted)
  if not Child.has_own_ghost then
    return self:wait_ghost(wanted)
  end
  self:wait('ghost text of a new answer', { wanted, 0 }, function()
    return self:lua([[
      local function marks(name)
        return vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_get_namespaces()[name], 0, -1, { details = true })
      end
      local mark = marks('nvim.lsp.inline_completion')[1]
      return { mark and mark[4].virt_text[1][1] or '', #marks('foretype') }
    ]])
  end)
end

--- Rows of the screen from a column on, without the blanks at their ends.
function Child:screen(first, last, column)
  self:command('redraw')
  return self:lua([[
    local rows = {}
    for row = select(1, ...), select(2, ...) do
      local cells = {}
      for column = select(3, ...) + 1, vim.o.columns do
        cells[#cells + 1] = vim.fn.screenstring(row, column)
      end
      rows[#rows + 1] = (table.concat(cells):gsub(' +$', ''))
    end
    return rows
  ]], first, last, column)
end

--- Waits until letters typed here lead to a request.
function Child:wait_attached()
  self:wait('the server to be attached', true, function()
    return self:lua([[
      local client = vim.lsp.get_clients({ name = 'foretype', bufnr = 0 })[1]
      if not vim.lsp.inline_completion then
        return client ~= nil
      end
      local group = 'nvim.lsp.inline_completion:' .. vim.api.nvim_get_current_buf()
      local _, listening = pcall(vim.api.nvim_get_autocmds, { group = group })
      return client ~= nil and type(listening) == 'table' and #listening > 0
    ]])
  end)
end

--- Waits until the server has said that it has read the project.
function Child:wait_indexed()
  self:wait('the end of the indexing', true, function()
    return self:lua([[
      for progress in vim.lsp.get_clients({ name = 'foretype' })[1].progress do
        local value = progress.value or {}
        _G.indexed = _G.indexed or value.kind == 'end'
      end
      return _G.indexed == true
    ]])
  end)
end

return Child

--- What text may be: the release binary on lines that end in CR LF, tabs, letters beyond ASCII.

return function(suite)
  --- The lines thrice, then their beginning is typed, and the rest is expected. `drawn` where that is on the screen of
  --- the older Neovims otherwise.
  local function test(name, lines, typed, expected, drawn)
    local folder = suite.project()
    local text = {}
    for _ = 1, 3 do
      vim.list_extend(text, lines)
    end
    local n_lines = #text
    table.insert(text, '')
    vim.fn.writefile(text, folder .. '/orchard.txt')
    local child = { init = suite.setup(), folder = folder, runtime = suite.plugin, file = 'orchard.txt' }
    suite.test(name, child, function(nvim)
      drawn = not nvim.has_own_ghost and drawn or expected
      nvim:wait_attached()
      nvim:type('GA' .. typed)
      nvim:wait_ghost(drawn)
      nvim:type('<Tab>')
      local wanted = vim.split(typed .. expected, '\n')
      nvim:wait_lines(n_lines + 1, n_lines + #wanted, wanted)
      -- The server and the buffer agree on the text since: else the next answer would be askew.
      nvim:type('<CR>' .. typed)
      nvim:wait_ghost(drawn)
    end)
  end

  test('letters beyond ASCII', { 'let größe = 𝕎eite(übel, 🦀);' }, 'let größe = 𝕎ei', 'te(übel, 🦀);')
  test(
    'tabs',
    { 'if ripe {', '\tpick(basket);', '}' },
    'if r',
    'ipe {\n\tpick(basket);\n}',
    'ipe {\n        pick(basket);\n}'
  )

  do
    local folder = suite.project()
    local line = 'let basket = weave(willow);'
    vim.fn.writefile({ line .. '\r', line .. '\r', line .. '\r', '\r' }, folder .. '/dos.txt')
    local child = { init = suite.setup(), folder = folder, runtime = suite.plugin, file = 'dos.txt' }
    suite.test('lines that end in CR LF', child, function(nvim)
      assert(nvim:lua('return vim.bo.fileformat') == 'dos')
      nvim:wait_attached()
      nvim:type('GAlet b')
      nvim:wait_ghost('asket = weave(willow);')
      nvim:type('<Tab><CR>let b')
      nvim:wait_lines(4, 5, { line, 'let b' })
      nvim:wait_ghost('asket = weave(willow);')
      nvim:type('<Tab><Esc>:w<CR>')
      nvim:wait_lines(4, 5, { line, line })
      nvim:wait('the file on the disk', (line .. '\r\n'):rep(5), function()
        return table.concat(vim.fn.readfile(folder .. '/dos.txt', 'b'), '\n')
      end)
    end)
  end
end

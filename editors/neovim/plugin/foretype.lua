-- Loaded at every start: one command, nothing is required before it is used.
if vim.g.loaded_foretype then
  return
end
vim.g.loaded_foretype = true

vim.api.nvim_create_user_command('Foretype', function(call)
  require('foretype.command').run(call.fargs)
end, {
  nargs = '*',
  desc = 'Ghost text: switches, why, stats, models',
  complete = function(_, line)
    return require('foretype.command').complete(line)
  end,
})

--- How Neovim starts the server. Works without the rest of the plugin: `vim.lsp.enable('foretype')`.
--- No `filetypes`: the server completes whatever text it is given.

---@type vim.lsp.Config
return {
  cmd = { 'foretype', 'lsp' },
  -- The outermost thing that people call a project; a manifest only where there is no version control.
  root_markers = {
    { '.foretype.toml', '.git', '.jj', '.hg', '.svn' },
    { 'Cargo.toml', 'go.mod', 'package.json', 'pyproject.toml' },
  },
}

; x = Foo.new(...)
(assignment
  left: [(identifier) (instance_variable) (constant)] @name
  right: (call receiver: [(constant) (scope_resolution)] @type method: (identifier) @_new)
  (#eq? @_new "new"))
(operator_assignment
  left: [(identifier) (instance_variable)] @name
  right: (call receiver: [(constant) (scope_resolution)] @type method: (identifier) @_new)
  (#eq? @_new "new"))

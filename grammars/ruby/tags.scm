(class name: [(constant) @name (scope_resolution name: (constant) @name)] body: (_) @body) @definition.type
(class name: [(constant) @name (scope_resolution name: (constant) @name)] !body "end" @body) @definition.type
(module name: [(constant) @name (scope_resolution name: (constant) @name)] body: (_) @body) @definition.module
(module name: [(constant) @name (scope_resolution name: (constant) @name)] !body "end" @body) @definition.module

(method name: (_) @name body: (_) @body) @definition.function
(method name: (_) @name !body "end" @body) @definition.function
(singleton_method name: (_) @name body: (_) @body) @definition.function
(singleton_method name: (_) @name !body "end" @body) @definition.function

(assignment left: (constant) @name) @definition.value
(call
  !receiver
  method: (identifier) @_attr
  arguments: (argument_list (simple_symbol) @name)
  (#any-of? @_attr "attr_reader" "attr_writer" "attr_accessor")) @definition.value

; What an object is made of.
(class
  name: (constant) @of
  body: (body_statement
    (method
      name: (identifier) @_initialize
      body: (body_statement (assignment left: (instance_variable) @name) @definition.value)))
  (#eq? @_initialize "initialize"))

(comment) @comment

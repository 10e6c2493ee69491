[
  (function_declaration name: (identifier) @name body: (_) @body)
  (generator_function_declaration name: (identifier) @name body: (_) @body)
] @definition.function
(export_statement declaration: [
  (function_declaration name: (identifier) @name body: (_) @body)
  (generator_function_declaration name: (identifier) @name body: (_) @body)
]) @definition.function
[
  (lexical_declaration . (variable_declarator name: (identifier) @name
    value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) .)
  (variable_declaration . (variable_declarator name: (identifier) @name
    value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) .)
] @definition.function
(export_statement declaration: [
  (lexical_declaration . (variable_declarator name: (identifier) @name
    value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) .)
  (variable_declaration . (variable_declarator name: (identifier) @name
    value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) .)
]) @definition.function
(export_statement "default" @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.function

(class_declaration name: (_) @name body: (_) @body) @definition.type
(export_statement declaration: (class_declaration name: (_) @name body: (_) @body)) @definition.type
[
  (lexical_declaration . (variable_declarator name: (identifier) @name value: (class body: (_) @body)) .)
  (variable_declaration . (variable_declarator name: (identifier) @name value: (class body: (_) @body)) .)
] @definition.type
(export_statement "default" @name value: (class body: (_) @body)) @definition.type

(method_definition name: (_) @name body: (_) @body) @definition.function

; What a constructor sets.
(class_declaration
  name: (_) @of
  body: (class_body
    (method_definition
      name: (property_identifier) @_constructor
      body: (statement_block
        (expression_statement
          (assignment_expression
            left: (member_expression object: (this) property: (_) @name))) @definition.value)))
  (#eq? @_constructor "constructor"))

; The functions of an object that has a name.
(variable_declarator value: (object (pair key: (property_identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.function))
(export_statement value: (object (pair key: (property_identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.function))
(assignment_expression right: (object (pair key: (property_identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.function))

; exports.name = ..., Type.prototype.name = ...
(expression_statement
  (assignment_expression
    left: (member_expression object: (_) @_exports property: (property_identifier) @name)
    right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)])
  (#match? @_exports "^(module[.])?exports$")) @definition.function
(expression_statement
  (assignment_expression
    left: (member_expression
      object: (member_expression object: (identifier) @of property: (property_identifier) @_prototype)
      property: (property_identifier) @name)
    right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)])
  (#eq? @_prototype "prototype")) @definition.function

; What stands outside of functions.
(program (lexical_declaration . (variable_declarator name: (identifier) @name) .) @definition.value)
(program (variable_declaration . (variable_declarator name: (identifier) @name) .) @definition.value)
(program (lexical_declaration (variable_declarator name: (identifier) @name) @definition.value))
(program (variable_declaration (variable_declarator name: (identifier) @name) @definition.value))
(ERROR (lexical_declaration (variable_declarator name: (identifier) @name) @definition.value))
(export_statement
  declaration: (lexical_declaration . (variable_declarator name: (identifier) @name) .)) @definition.value
(export_statement
  declaration: (variable_declaration . (variable_declarator name: (identifier) @name) .)) @definition.value
(export_statement
  declaration: (lexical_declaration (variable_declarator name: (identifier) @name) @definition.value))

(comment) @comment

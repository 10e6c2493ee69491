(function_definition name: (identifier) @name body: (block) @body) @definition.function
(class_definition name: (identifier) @name body: (block) @body) @definition.type
(decorated_definition
  definition: (function_definition name: (identifier) @name body: (block) @body)) @definition.function
(decorated_definition
  definition: (class_definition name: (identifier) @name body: (block) @body)) @definition.type
(type_alias_statement left: (type (identifier) @name)) @definition.type

(expression_statement (assignment left: (identifier) @name)) @definition.value

; The attributes that a class gives itself.
(class_definition
  name: (identifier) @of
  body: (block
    (function_definition
      name: (identifier) @_init
      body: (block
        (expression_statement
          (assignment left: (attribute object: (identifier) @_self attribute: (identifier) @name)) @definition.value))))
  (#any-of? @_init "__init__" "__post_init__" "setUp")
  (#eq? @_self "self"))

(comment) @comment

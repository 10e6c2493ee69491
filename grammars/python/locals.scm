(typed_parameter . (identifier) @name type: (type) @type)
(typed_default_parameter name: (identifier) @name type: (type) @type)
(assignment left: (identifier) @name type: (type) @type)
(assignment left: (attribute object: (identifier) @_self attribute: (identifier) @name) type: (type) @type
  (#eq? @_self "self"))

; x = Foo(...), and also `with Foo(...) as x`
(assignment left: (identifier) @name !type right: (call function: [(identifier) (attribute)] @type)
  (#match? @type "^([a-z_0-9]+[.])*_*[A-Z][^.]*$"))
(assignment
  left: (attribute object: (identifier) @_self attribute: (identifier) @name)
  !type
  right: (call function: [(identifier) (attribute)] @type)
  (#eq? @_self "self")
  (#match? @type "^([a-z_0-9]+[.])*_*[A-Z][^.]*$"))
(with_item
  value: (as_pattern (call function: [(identifier) (attribute)] @type) alias: (as_pattern_target (identifier) @name))
  (#match? @type "^([a-z_0-9]+[.])*_*[A-Z][^.]*$"))

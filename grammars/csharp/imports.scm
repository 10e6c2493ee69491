(using_directive) @import

(using_directive !name [(identifier) @name (qualified_name name: (identifier) @name)])
(using_directive
  name: (identifier) @name
  [(identifier) @original (qualified_name name: [(identifier) @original (generic_name (identifier) @original)])] .)

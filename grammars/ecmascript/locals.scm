(assignment_expression
  left: (member_expression object: (this) property: (_) @name)
  right: (new_expression constructor: (_) @type))

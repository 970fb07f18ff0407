/** `of` with another method in the place of one of its own. All else goes to `of` itself. */
export function withMethod<T extends object>(of: T, method: keyof T, replacement: unknown): T {
  const bound = new Map<string | symbol, { readonly of: unknown; readonly to: unknown }>()
  return new Proxy(of, {
    get(target, name) {
      if (name === method) return replacement
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      const known = bound.get(name)
      if (known?.of === value) return known.to
      const to: unknown = value.bind(target)
      bound.set(name, { of: value, to })
      return to
    },
    set: (target, name, value) => Reflect.set(target, name, value),
  })
}

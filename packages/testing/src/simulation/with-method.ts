/** `of` with another method in the place of one of its own. All else goes to `of` itself. */
export function withMethod<T extends object>(of: T, method: keyof T, replacement: unknown): T {
  return new Proxy(of, {
    get(target, name) {
      if (name === method) return replacement
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
    set: (target, name, value) => Reflect.set(target, name, value),
  })
}

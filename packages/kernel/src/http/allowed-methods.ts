/** Which methods a path has: asked only when none of the routes took a request. */
export class AllowedMethods {
  readonly #paths: { readonly segments: readonly string[]; readonly methods: Set<string> }[] = []

  add(method: string, path: string): void {
    const segments = path.split('/')
    const known = this.#paths.find(each => each.segments.join('/') === path)
    const methods = known?.methods ?? new Set()
    if (known === undefined) this.#paths.push({ segments, methods })
    methods.add(method)
    if (method === 'GET') methods.add('HEAD')
  }

  /** The methods of every route that a URL's path fits, sorted; empty when there is no such path. */
  of(url: string): string[] {
    const segments = url.split('?', 1)[0]!.split('/')
    const found = this.#paths.filter(each => fits(each.segments, segments))
    return [...new Set(found.flatMap(each => [...each.methods]))].sort()
  }
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((each, i) => (each.startsWith(':') ? segments[i] !== '' : each === segments[i]))
  )
}

/** The `Link` header (RFC 8288) of a page: the same request with another cursor; undefined when there is no other page. */
export function linkHeader(url: string, next: string | null, prev: string | null): string | undefined {
  if (next === null && prev === null) return undefined
  const base = withoutCursor(url)
  const links: string[] = []
  if (next !== null) links.push(`<${base}cursor=${encodeURIComponent(next)}>; rel="next"`)
  if (prev !== null) links.push(`<${base}cursor=${encodeURIComponent(prev)}>; rel="prev"`)
  return links.join(', ')
}

function withoutCursor(url: string): string {
  const mark = url.indexOf('?')
  if (mark < 0) return `${safe(url)}?`
  const kept = url
    .slice(mark + 1)
    .split('&')
    .filter(part => part !== '' && !part.startsWith('cursor='))
  return safe(`${url.slice(0, mark + 1)}${kept.map(part => `${part}&`).join('')}`)
}

// What could end the URI reference, or a header, early.
function safe(url: string): string {
  return /[^!#-;=?-~]/.test(url) ? url.replace(/[^!#-;=?-~]/g, encodeURIComponent) : url
}

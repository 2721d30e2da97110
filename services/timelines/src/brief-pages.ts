import type { PageOf } from '@plaza/kernel/contract'
import type { Handler, Kit } from '@plaza/kernel/service'
import type { Post } from '@plaza/posts/contract'

/** Milliseconds a page serves all who are not logged in, unless said otherwise. */
const usualTime = 500

/** Answers those who are not logged in from memory for a moment: they all see the same. */
export function brieflyKept<I extends object>(
  { cache }: Kit,
  name: string,
  handler: Handler<I, PageOf<Post>>,
  freshFor = usualTime,
): Handler<I, PageOf<Post>> {
  const kept = cache.of<PageOf<Post>>({ name, maxEntries: 1_000, freshFor })
  return (input, context) => {
    if (context.identity !== undefined) return handler(input, context)
    return kept.get(JSON.stringify(input), async () => handler(input, context))
  }
}

import { service } from '@plaza/kernel/service'
import { checksOf } from './checks.ts'
import { notSearchable, search } from './contract.ts'
import { indexViewer } from './index-state.ts'
import { onEvents } from './on-events.ts'
import { personal } from './personal.ts'
import { rebuilding } from './rebuild.ts'
import { searchPeople } from './search-people.ts'
import { searchPosts } from './search-posts.ts'
import { stemFinder } from './stems.ts'

export const searchService = service(search, new URL('../migrations/', import.meta.url), kit => {
  const viewIndex = indexViewer(kit)
  // One for all: what is searched for was most often posted, and its stem is known then.
  const stems = stemFinder(kit)
  const findPosts = searchPosts(kit, viewIndex, stems)
  const findPeople = searchPeople(kit, viewIndex)
  const { rebuild, begin, handlers: jobs } = rebuilding(kit, stems)
  return {
    handlers: {
      search: ({ type = 'posts', ...input }, context) => {
        if (type === 'products')
          throw notSearchable('There are no products to search for yet: ask for posts or users.')
        return type === 'users' ? findPeople(input, context) : findPosts(input, context)
      },
      rebuild,
    },
    subscriptions: onEvents(kit, stems),
    jobs,
    personal: personal(kit),
    checks: checksOf(kit),
    start: begin,
  }
})

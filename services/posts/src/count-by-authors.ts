import { sql, toId, toUuid } from '@plaza/kernel/data'
import type { Handlers, Kit } from '@plaza/kernel/service'
import type { posts } from './contract.ts'

/** How many posts each of these people has in their list, exactly: what others counted from events is compared with it. */
export function countByAuthors({ db }: Pick<Kit, 'db'>): Handlers<typeof posts>['countByAuthors'] {
  return async ({ ids }) =>
    (await count.all(db, { ids: ids.map(toUuid) })).map(row => ({ ...row, id: toId('user', row.id) }))
}

const count = sql({
  name: 'posts.count-by-authors',
  params: { ids: 'uuid[]' },
  row: { id: 'uuid', count: 'int8' },
})`
  select author_id as id, count(*) as count
  from posts
  where author_id = any(${'ids'})
    and reply_to is null
    and visibility in ('public', 'followers')
  group by author_id`

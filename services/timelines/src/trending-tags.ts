import type { PageOf } from '@plaza/kernel/contract'
import { mapPage, pagedList } from '@plaza/kernel/data'
import type { Handler } from '@plaza/kernel/service'
import type { TrendingTag } from './contract.ts'
import type { PageInput } from './home-timeline.ts'
import { beyond, type TrendingTop } from './trending-top.ts'

const pages = pagedList('timelines.trending-tags', { rank: 'int8', key: 'text' })

/** Tags by their decayed score, the same for all. */
export function trendingTags(top: TrendingTop): Handler<PageInput, PageOf<TrendingTag>> {
  return async input => {
    const all = await top.tags()
    const page = await pages.read(input, async slice => beyond(all, slice).slice(0, slice.limit))
    return mapPage(page, row => row.shown)
  }
}

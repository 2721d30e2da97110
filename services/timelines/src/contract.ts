import { Closed, contract, Page, PageInput, query, type Static, Type } from '@plaza/kernel/contract'
import { Post } from '@plaza/posts/contract'

const Posts = Page(Post)

/** A tag that people speak of, as of the last seven days. */
const TrendingTag = Closed(
  {
    tag: Type.String({ description: 'In lower case' }),
    peopleCount: Type.Integer({ minimum: 0, description: 'Who wrote public posts with it' }),
    postCount: Type.Integer({ minimum: 0, description: 'Public posts with it' }),
  },
  'TrendingTag',
)
export type TrendingTag = Static<typeof TrendingTag>

export const timelines = contract('timelines', {
  home: query({
    route: 'GET /api/v1/timelines/home',
    access: 'user',
    summary: 'Posts of the people I follow and my own, newest first.',
    input: Closed({ ...PageInput }),
    output: Posts,
  }),
  public: query({
    route: 'GET /api/v1/timelines/public',
    access: 'public',
    summary: "Everybody's public posts, newest first.",
    input: Closed({ ...PageInput }),
    output: Posts,
  }),
  tag: query({
    route: 'GET /api/v1/tags/:tag/posts',
    access: 'public',
    summary: 'Public posts with a tag, in whatever case it is written, newest first.',
    input: Closed({ tag: Type.String({ minLength: 1, maxLength: 200 }), ...PageInput }),
    output: Posts,
  }),
  trendingPosts: query({
    route: 'GET /api/v1/trending/posts',
    access: 'public',
    summary:
      'Public posts that many people like, repost and answer now, by a score that halves every six hours.',
    input: Closed({ ...PageInput }),
    output: Posts,
  }),
  trendingTags: query({
    route: 'GET /api/v1/trending/tags',
    access: 'public',
    summary: 'Tags that many people use now, by a score that halves every six hours.',
    input: Closed({ ...PageInput }),
    output: Page(TrendingTag),
  }),
})

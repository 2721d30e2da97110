import { Closed, contract, Page, PageInput, query, Type } from '@plaza/kernel/contract'
import { Post } from '@plaza/posts/contract'

const Posts = Page(Post)

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
})

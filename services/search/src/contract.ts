import {
  Closed,
  command,
  contract,
  errorCode,
  Id,
  NoInput,
  Page,
  PageInput,
  query,
  Type,
} from '@plaza/kernel/contract'
import { Post } from '@plaza/posts/contract'
import { Profile } from '@plaza/users/contract'

export const maxQueryLength = 200

export const notSearchable = errorCode(
  'not-searchable-yet',
  'invalid',
  'Products cannot be searched for until there is a catalogue',
)

const Found = Page(Type.Union([Post, Profile]))

/** One read model over people and posts, kept by events. */
export const search = contract('search', {
  search: query({
    route: 'GET /api/v1/search',
    access: 'public',
    summary:
      'Posts or people by rank. All words are asked for; `"a phrase"`, `-without`, `this OR that`, `#tag` and `@username` are understood.',
    input: Closed({
      q: Type.String({
        minLength: 1,
        maxLength: maxQueryLength,
        says: `text of 1 to ${maxQueryLength} characters`,
      }),
      type: Type.Optional(
        Type.Unsafe<'posts' | 'users' | 'products'>({
          type: 'string',
          enum: ['posts', 'users', 'products'],
          description: 'What is looked for (default `posts`); products cannot be searched for yet',
        }),
      ),
      ...PageInput,
    }),
    output: Found,
    fails: [notSearchable],
  }),

  rebuild: command({
    access: 'internal',
    repeat: 'safe',
    summary:
      'Reads everything anew beside the index in use, then swaps them; one that runs already is that one.',
    input: NoInput,
    output: Closed({ jobId: Id.job }),
  }),
})

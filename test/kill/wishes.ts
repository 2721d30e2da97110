import type { Answer } from '../acceptance/http-answer.ts'
import { GhostStory } from './ghost.ts'
import { type ExpectedPost, isDeletable, type Ledger, type Member } from './ledger.ts'

export const password = 'a password of the kill test'

/** A request whose answer decides what must be there. */
export interface Wish {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly key?: string
  /** Whose name it is asked in, if not the writer's; '' for nobody's. */
  readonly token?: string
  /** The id of what it changes. */
  readonly changes?: string
  /** Notes in the ledger what an answer of success promised. */
  readonly settle: (answer: Answer) => void
}

export function registration(username: string): Wish {
  const body = { email: `${username}@plaza.example`, username, password }
  return { method: 'POST', path: '/auth/register', body, key: `register-${username}`, settle: () => {} }
}

/** What a writer asks, at random, and what the ledger notes when it is answered. */
export class Wishes {
  readonly #name: string
  readonly #ledger: Ledger
  readonly #random: () => number
  readonly #unsettled: ReadonlySet<string>
  #writer = ''
  #counted = 0
  #ghost: GhostStory | undefined
  /** The post or comment that was answered last. */
  lastCreation: { readonly wish: Wish; readonly id: string } | undefined

  /** What is `unsettled` is not changed. */
  constructor(name: string, ledger: Ledger, random: () => number, unsettled: ReadonlySet<string>) {
    this.#name = name
    this.#ledger = ledger
    this.#random = random
    this.#unsettled = unsettled
  }

  /** What the writer with this id asks next. */
  next(writer: string): Wish {
    this.#writer = writer
    const choice = this.#random()
    const own = this.#ledger
      .postsOf(this.#writer)
      .filter(each => !each.deleted && !this.#unsettled.has(each.id))
    if (choice < 0.4 || own.length === 0) return this.#post()
    if (choice < 0.48) return this.#edit(this.#pick(own))
    if (choice < 0.53) return this.#delete(this.#pick(own.filter(isDeletable)))
    if (choice < 0.65) return this.#comment(this.#pick([...this.#ledger.lasting, ...own]))
    if (choice < 0.77)
      return this.#likeOrNot(this.#pick(this.#ledger.lasting.filter(each => !this.#unsettled.has(each.id))))
    if (choice < 0.87) return this.#followOrNot()
    if (choice < 0.95) return { method: 'GET', path: '/timelines/home', settle: () => {} }
    if (choice < 0.98) {
      if (this.#ghost === undefined || this.#ghost.isOver) this.#ghost = this.#newGhost()
      return this.#ghost.next()
    }
    const name = `${this.#name}_friend_${this.#counted++}`
    const settle = ({ body }: Answer) => {
      const { user } = body as { user: Member }
      this.#ledger.addMember({ id: user.id, username: user.username })
    }
    return { ...registration(name), settle }
  }

  #post(): Wish {
    return this.#create('/posts', {})
  }

  #comment(post: ExpectedPost | undefined): Wish {
    return post === undefined
      ? this.#post()
      : this.#create(`/posts/${post.id}/comments`, { replyTo: post.id })
  }

  #create(path: string, answered: { readonly replyTo?: string }): Wish {
    const key = `${this.#name}-${this.#counted++}`
    const text = `${key} #kill`
    const wish: Wish = {
      method: 'POST',
      path,
      body: { text },
      key,
      settle: ({ body }) => {
        const { id } = body as { id: string }
        this.#ledger.addPost(this.#writer, {
          id,
          key,
          texts: [text],
          deleted: false,
          ...answered,
          likes: new Set(),
        })
        this.lastCreation = { wish, id }
      },
    }
    return wish
  }

  #likeOrNot(post: ExpectedPost | undefined): Wish {
    if (post === undefined) return this.#post()
    const isLiked = post.likes.has(this.#writer)
    return {
      method: isLiked ? 'DELETE' : 'PUT',
      path: `/posts/${post.id}/like`,
      changes: post.id,
      settle: () => void (isLiked ? post.likes.delete(this.#writer) : post.likes.add(this.#writer)),
    }
  }

  #newGhost(): GhostStory {
    const name = `${this.#name}_ghost_${this.#counted++}`
    return new GhostStory(name, this.#ledger, this.#writer, this.#pick(this.#ledger.lasting)?.id)
  }

  #edit(post: ExpectedPost | undefined): Wish {
    if (post === undefined) return this.#post()
    const text = `${post.key} #kill, edit ${this.#counted++}`
    return {
      method: 'PATCH',
      path: `/posts/${post.id}`,
      changes: post.id,
      body: { text },
      settle: () => void post.texts.push(text),
    }
  }

  #delete(post: ExpectedPost | undefined): Wish {
    if (post === undefined) return this.#post()
    return {
      method: 'DELETE',
      path: `/posts/${post.id}`,
      changes: post.id,
      settle: () => {
        post.deleted = true
      },
    }
  }

  #followOrNot(): Wish {
    const others = this.#ledger.members.filter(
      each => each.id !== this.#writer && !this.#unsettled.has(each.id),
    )
    if (others.length === 0) return this.#post()
    const other = this.#pick(others)!
    const followed = this.#ledger.followsOf(this.#writer)
    const isFollowed = followed.has(other.id)
    return {
      method: isFollowed ? 'DELETE' : 'PUT',
      path: `/users/${other.id}/follow`,
      changes: other.id,
      settle: () => void (isFollowed ? followed.delete(other.id) : followed.add(other.id)),
    }
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.#random() * from.length)]
  }
}

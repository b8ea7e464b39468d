import { comments, touchTrigger } from './comments.js'
import type { SqlMigration } from './shape.js'

export const documents: SqlMigration = {
  name: '0020_documents',
  requires: 'vector',
  up: ({ finance, vector }) => [
    `create table ${finance}.documents (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  content text not null,
  metadata jsonb not null default '{}',
  embedding ${vector}.vector(1536) not null,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint documents_pkey primary key (user_id, id),
  constraint documents_user_id_fkey foreign key (user_id) references ${finance}.users (id) on delete cascade,
  constraint documents_content_check check (content <> ''),
  constraint documents_metadata_check check (jsonb_typeof(metadata) = 'object')
)`,
    touchTrigger(finance, 'documents'),
    ...comments(`${finance}.documents`, 'Texts of a person with their embeddings, for search by meaning.', {
      metadata: 'What the host wants to filter by.',
      embedding: '1536 numbers, as the common embedding models of OpenAI give.',
    }),
  ],
  down: ({ finance }) => [`drop table ${finance}.documents`],
}

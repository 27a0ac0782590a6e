/** Statements about what is no table: types, rights, comments, policies, publications, sequences. */
import type { Effect } from '../analyse.ts';
import { relationName, strings, type Tree, text, walk } from '../parse.ts';
import { type Judgement, objectOf, objectWord } from './judgement.ts';
import { plain } from './names.ts';

const dotted = (value: unknown): string => plain(strings(value).join('.'));
const related = (tree: Tree, key: string): string => plain(relationName((tree[key] ?? {}) as Tree));
const lock = (relation: string, mode = 'AccessExclusive') => ({ relation, mode });

const created = (what: string, on: string, object: string, more: Partial<Effect> = {}): Judgement => ({
  describe: `creates the ${what} ${on}`,
  effects: [{ op: 'create', on, object, ...more }],
});

/** A change whose opposite is not read from the text: it is not taken to be undone. */
const altered = (describe: string, on: string, object: string): Judgement => ({
  describe,
  effects: [{ op: 'alter', on, object, from: '', to: describe }],
});

export const OBJECTS: Readonly<Record<string, (tree: Tree) => Judgement>> = {
  AlterEnumStmt: alterEnum,
  CreateDomainStmt: (tree) => created('domain', dotted(tree['domainname']), 'domain'),
  AlterDomainStmt: (tree) =>
    altered(`alters the domain ${dotted(tree['typeName'])}`, dotted(tree['typeName']), 'type'),
  CompositeTypeStmt: (tree) => created('type', related(tree, 'typevar'), 'type'),
  CreateRangeStmt: (tree) => created('type', dotted(tree['typeName']), 'type'),
  CreatePolicyStmt: (tree) => ({
    ...created('policy', `${related(tree, 'table')}.${text(tree['policy_name'])}`, 'policy'),
    locks: [lock(related(tree, 'table'))],
  }),
  AlterPolicyStmt: (tree) => ({
    ...altered(`alters the policy ${text(tree['policy_name'])}`, related(tree, 'table'), 'policy'),
    locks: [lock(related(tree, 'table'))],
  }),
  RuleStmt: (tree) => ({
    ...created('rule', `${related(tree, 'relation')}.${text(tree['rulename'])}`, 'rule', replacing(tree)),
    locks: [lock(related(tree, 'relation'))],
  }),
  GrantStmt: grant,
  GrantRoleStmt: () => altered('changes who is a member of a role', 'roles', 'role'),
  AlterDefaultPrivilegesStmt: () => altered('changes default rights', 'default rights', 'rights'),
  CommentStmt: comment,
  AlterOwnerStmt: (tree) =>
    altered('changes an owner', ownOf(tree['object']), objectWord(tree['objectType'])),
  AlterObjectSchemaStmt: moved,
  AlterSeqStmt: (tree) => ({
    ...altered(`alters the sequence ${related(tree, 'sequence')}`, related(tree, 'sequence'), 'sequence'),
    locks: [lock(related(tree, 'sequence'), 'ShareRowExclusive')],
  }),
  AlterFunctionStmt: (tree) => altered('alters a function', ownOf(tree['func']), 'function'),
  CreateStatsStmt: (tree) => created('statistics', dotted(tree['defnames']), 'statistic_ext'),
  CreatePublicationStmt: (tree) => created('publication', text(tree['pubname']), 'publication'),
  AlterPublicationStmt: (tree) =>
    altered(`alters the publication ${text(tree['pubname'])}`, text(tree['pubname']), 'publication'),
  AlterExtensionStmt: (tree) =>
    altered(`alters the extension ${text(tree['extname'])}`, text(tree['extname']), 'extension'),
  SecLabelStmt: () => altered('sets a security label', 'labels', 'label'),
};

/** `or replace` stands in the tree. */
export const replacing = (tree: Tree): Partial<Effect> =>
  tree['replace'] === true ? { replaces: true } : {};

/** With IF NOT EXISTS nobody can tell whether it was made. */
export const unlessThere = (tree: Tree): Partial<Effect> =>
  tree['if_not_exists'] === true || tree['missing_ok'] === true ? { replaces: true } : {};

function alterEnum(tree: Tree): Judgement {
  const type = dotted(tree['typeName']);
  const [from, to] = [text(tree['oldVal']), text(tree['newVal'])];
  if (from !== '')
    return {
      describe: `renames the value ${from} of the type ${type} to ${to}`,
      effects: [{ op: 'alter', on: type, object: 'type', from, to }],
    };
  return {
    describe: `adds the value ${to} to the type ${type}, which cannot be taken back`,
    effects: [{ op: 'alter', on: type, object: 'type', from: 'without', to, forGood: true }],
  };
}

/** A GRANT and the REVOKE of the same undo each other. */
function grant(tree: Tree): Judgement {
  const given = tree['is_grant'] === true;
  const what: string[] = [];
  walk(tree['objects'], (key, one) => {
    if (key === 'RangeVar') what.push(plain(relationName(one)));
    if (key === 'ObjectWithArgs') what.push(dotted(one['objname']));
  });
  const names = what.length > 0 ? what : [dotted(tree['objects']) || 'all'];
  const rights = JSON.stringify([tree['privileges'] ?? 'all', tree['grantees']], (key, value: unknown) =>
    key === 'location' ? undefined : value,
  );
  const [from, to] = given ? [`without ${rights}`, rights] : [rights, `without ${rights}`];
  return {
    describe: `${given ? 'gives' : 'takes'} rights on ${names.join(', ')}`,
    effects: names.map((on) => ({ op: 'alter', on, object: 'rights', from, to, replaces: true })),
  };
}

function comment(tree: Tree): Judgement {
  const words = ownOf(tree['object']).split('.');
  const ofPart = ['column', 'tabconstraint', 'trigger', 'policy', 'rule'].includes(
    objectWord(tree['objtype']),
  );
  const on = plain((ofPart ? words.slice(0, -1) : words).join('.'));
  return altered(`sets the comment on ${words.join('.')}`, on, 'comment');
}

function moved(tree: Tree): Judgement {
  const on = related(tree, 'relation') || ownOf(tree['object']);
  const to = text(tree['newschema']);
  return {
    describe: `moves ${on} to the schema ${to}`,
    ...(related(tree, 'relation') === '' ? {} : { locks: [lock(on)] }),
    effects: [{ op: 'alter', on, ...objectOf(tree['objectType']), from: '', to: `schema ${to}` }],
  };
}

/** The name in a list of words, in a name with arguments, or in a type. */
function ownOf(object: unknown): string {
  const tree = (object ?? {}) as Tree;
  const inner = (tree['ObjectWithArgs'] ?? tree) as Tree;
  return plain(
    strings(inner['objname'] ?? (tree['TypeName'] as Tree | undefined)?.['names'] ?? tree).join('.'),
  );
}

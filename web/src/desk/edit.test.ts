import { describe, expect, it } from 'vitest';
import type { LayerSchema, Thing, ThingField } from '../api/desk';
import { Edit, entryOf, valueOf } from './edit.svelte';

const field = (name: string, kind: ThingField['kind'] = 'text'): ThingField => ({
  name,
  kind,
  required: false,
  words: null
});
const schema: LayerSchema = {
  name: 'buildings',
  geometry: 'area',
  attributes_only: false,
  fields: [field('name'), field('floors', 'integer'), field('online', 'bool')]
};
const house: Thing = {
  layer: 'buildings',
  id: 7,
  etag: '"1"',
  properties: { name: '3号楼', floors: 6, online: null },
  geometry: {
    type: 'Polygon',
    coordinates: [
      [
        [0, 0],
        [2, 0],
        [2, 2],
        [0, 2],
        [0, 0]
      ]
    ]
  },
  version: 1,
  problems: [],
  anchor: [1, 1],
  bounds: [0, 0, 2, 2]
};
const label = (kind: string, number: number) => `${kind} ${number}`;

describe('values', () => {
  it.each([
    ['integer', ' 6 ', 6],
    ['integer', '8389户', '8389户'],
    ['real', '-2.5', -2.5],
    ['code', '510603002002005', '510603002002005'],
    ['text', '  ', null],
    ['bool', false, false]
  ] as const)('of a %s field: %j -> %j', (kind, entry, value) => {
    expect(valueOf(field('x', kind), entry)).toBe(value);
  });

  it('come back as they were', () => {
    for (const [name, value] of Object.entries(house.properties)) {
      const of = schema.fields.find((one) => one.name === name)!;
      expect(valueOf(of, entryOf(of, value))).toBe(value);
    }
  });
});

describe('Edit', () => {
  it('sends only what changed', () => {
    const edit = new Edit('buildings', schema, house);
    expect(edit.dirty).toBe(false);
    edit.set('floors', '7');
    edit.set('name', '3号楼');
    expect(edit.changed).toEqual({ floors: 7 });
    edit.set('floors', '6');
    expect(edit.dirty).toBe(false);
    edit.set('name', '');
    expect(edit.changed).toEqual({ name: null });
  });

  it('moves, adds and removes corners', () => {
    const edit = new Edit('buildings', schema, house);
    edit.grasp();
    const ids = () => edit.handles(label).map(({ id }) => id);
    const [first] = ids();
    edit.dragged(first, [-1, -1], false);
    expect(edit.moved).toBe(true);
    expect(edit.corners![0].place).toEqual([0, 0]);
    edit.dragged(first, [-1, -1], true);
    expect(edit.corners![0].place).toEqual([-1, -1]);
    edit.dragged(
      ids().find((id) => id.startsWith('between'))!,
      [1, -0.4],
      true
    );
    expect(edit.corners!.map(({ place }) => place)).toEqual([
      [-1, -1],
      [1, -0.4],
      [2, 0],
      [2, 2],
      [0, 2]
    ]);
    edit.removed(first);
    expect(edit.corners).toHaveLength(4);
    edit.removed(ids()[0]);
    expect(edit.corners).toHaveLength(3);
    edit.removed(ids()[0]);
    expect(edit.corners).toHaveLength(3);
    edit.resetShape();
    expect(edit.dirty).toBe(false);
  });

  it('draws an outline that can be saved once it is one', () => {
    const edit = new Edit('buildings', schema, null);
    edit.draw();
    for (const place of [
      [0, 0],
      [2, 2],
      [2, 0],
      [0, 2]
    ] as const) {
      expect(edit.sound).toBe((edit.corners?.length ?? 0) === 3);
      edit.pressed([...place]);
    }
    expect(edit.crossed).toBe(true);
    edit.drawn();
    expect(edit.drawing).toBe(true);
    edit.stepBack();
    edit.drawn();
    expect(edit.drawing).toBe(false);
    expect(edit.geometry?.type).toBe('Polygon');
  });

  it('reads a typed place', () => {
    const edit = new Edit('cameras', { ...schema, name: 'cameras', geometry: 'point' }, null);
    expect(edit.type('somewhere')).toBe(false);
    expect(edit.type('104.39, 31.13')).toBe(true);
    expect(edit.geometry).toEqual({ type: 'Point', coordinates: [104.39, 31.13] });
  });

  it('goes on from what somebody else made of it', () => {
    const edit = new Edit('buildings', schema, house);
    edit.set('floors', '7');
    edit.set('name', '甲');
    const current = { ...house, etag: '"2"', properties: { name: '乙', floors: 8, online: true } };
    edit.rebase(current, new Set(['floors']));
    expect(edit.base?.etag).toBe('"2"');
    expect(edit.changed).toEqual({ floors: 7 });
    expect(edit.entries).toEqual({ name: '乙', floors: '7', online: true });
  });
});

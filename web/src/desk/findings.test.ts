import { describe, expect, it } from 'vitest';
import type { Finding } from '../api/desk';
import { groupsOf } from './findings';

const finding = (severity: Finding['severity'], code: string, remedy = ''): Finding => ({
  severity,
  code,
  remedy,
  file: 'a.csv',
  feature: '',
  row: null,
  at: null,
  message: code
});

describe('groupsOf', () => {
  it('puts the gravest first, then the most frequent', () => {
    const groups = groupsOf([
      finding('note', 'n'),
      finding('warning', 'rare'),
      finding('warning', 'often'),
      finding('warning', 'often'),
      finding('error', 'e')
    ]);
    expect(groups.map(({ code, findings }) => `${code} ${findings.length}`)).toEqual([
      'e 1',
      'often 2',
      'rare 1',
      'n 1'
    ]);
  });

  it('says a remedy once where it is the same for all', () => {
    const [same, differs] = groupsOf([
      finding('error', 'same', 'do this'),
      finding('error', 'same', 'do this'),
      finding('warning', 'differs', 'do this'),
      finding('warning', 'differs', 'do that')
    ]);
    expect([same.remedy, differs.remedy]).toEqual(['do this', null]);
  });

  it('keeps one code of two severities apart', () => {
    expect(groupsOf([finding('note', 'x'), finding('error', 'x')]).map(({ severity }) => severity)).toEqual([
      'error',
      'note'
    ]);
  });
});

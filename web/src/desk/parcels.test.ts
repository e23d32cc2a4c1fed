import { describe, expect, it } from 'vitest';
import { parcelsOf } from './parcels';

const parcels = (...names: string[]) =>
  parcelsOf(names.map((name) => new File([], name))).map(({ files }) => files.map((file) => file.name));

describe('parcelsOf', () => {
  it('keeps the parts of a shapefile together, the shapes first', () => {
    expect(parcels('网格.dbf', '网格.SHP', '网格.prj', 'b.csv')).toEqual([
      ['网格.SHP', '网格.dbf', '网格.prj'],
      ['b.csv']
    ]);
  });
  it('tells shapefiles apart by their names', () => {
    expect(parcels('a.shp', 'b.shp', 'B.DBF', 'a.dbf')).toEqual([
      ['a.shp', 'a.dbf'],
      ['b.shp', 'B.DBF']
    ]);
  });
  it('never joins other files, not even of one name', () => {
    expect(parcels('a.csv', 'a.csv', 'a.geojson', 'a')).toEqual([['a.csv'], ['a.csv'], ['a.geojson'], ['a']]);
  });
  it('takes a lone part as it comes', () => {
    expect(parcels('a.dbf')).toEqual([['a.dbf']]);
  });
});

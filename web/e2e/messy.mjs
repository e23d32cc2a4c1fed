// Files as districts have them, made from the city that is served.
import { bd09 } from './datum.mjs';

const decoder = new TextDecoder('gb18030');
/** Characters of GBK by their two bytes; Node decodes them and cannot encode them. */
const gbk = new Map();
for (let lead = 0x81; lead <= 0xfe; lead++) {
  for (let trail = 0x40; trail <= 0xfe; trail++) {
    const character = decoder.decode(Uint8Array.of(lead, trail));
    if (trail !== 0x7f && character.length === 1 && character !== '\ufffd') gbk.set(character, [lead, trail]);
  }
}

export function gb18030(text) {
  return Buffer.from(
    [...text].flatMap((character) => {
      if (character < '\u0080') return [character.charCodeAt(0)];
      const bytes = gbk.get(character);
      if (!bytes) throw new Error(`no GBK for ${character}`);
      return bytes;
    })
  );
}

const everywhere = (coordinates, change) =>
  typeof coordinates[0] === 'number' ? change(coordinates) : coordinates.map((inner) => everywhere(inner, change));

async function things(world, layer, limit) {
  const { rows } = await world.api(`${layer}?limit=${limit}`);
  return Promise.all(rows.map(({ id }) => world.api(`features/${layer}/${id}`)));
}

/** Grids in Baidu's coordinates, which the file does not say; Chinese column names; the first one has a new name. */
export async function grids(world) {
  const found = await things(world, 'grids', 500);
  const features = found.map(({ properties, geometry }, index) => ({
    type: 'Feature',
    properties: {
      网格编号: properties.code,
      网格名称: index === 0 ? '改名试点网格' : properties.name,
      网格类型: properties.class,
      填表人: '王工'
    },
    geometry: { ...geometry, coordinates: everywhere(geometry.coordinates, bd09) }
  }));
  return {
    name: '网格边界.geojson',
    content: Buffer.from(JSON.stringify({ type: 'FeatureCollection', features })),
    renamed: found[0].properties.code,
    was: found[0].properties.name,
    count: found.length
  };
}

/** Estates as a table of Windows: GBK, a title, units behind the figures, a row of totals, and two new estates. */
export async function estates(world) {
  const found = await things(world, 'compounds', 200);
  const [west, south, east, north] = (await world.api('city')).bounds;
  const fresh = [0.31, 0.62].map((share, index) => ({
    properties: { name: `试点新苑${index + 1}期` },
    anchor: [west + (east - west) * share, south + (north - south) * share],
    households: 120 + index
  }));
  const rows = [...found, ...fresh].map(({ properties, anchor, households }) => {
    const [lon, lat] = bd09(anchor);
    const count = households ?? properties.households;
    return [
      properties.name,
      lon.toFixed(6),
      lat.toFixed(6),
      count === null ? '暂无' : `${count}户`,
      properties.manager ?? '-'
    ];
  });
  const total = rows.reduce((sum, row) => sum + (parseInt(row[3], 10) || 0), 0);
  const table = [
    ['小区台账（2026年11月）', '', '', '', ''],
    ['小区名称', '经度', '纬度', '总户数', '物业公司'],
    ...rows,
    ['合计', '', '', `${total}户`, '']
  ];
  return {
    name: '小区台账.csv',
    content: gb18030(table.map((row) => row.join(',')).join('\r\n') + '\r\n'),
    fresh: fresh.map(({ properties }) => properties.name)
  };
}

/** Cameras whose columns of longitude and latitude carry each other's names; two of them are new. */
export async function cameras(world) {
  const [west, south, east, north] = (await world.api('city')).bounds;
  const fresh = [0.4, 0.7].map((share, index) => ({
    properties: { code: `5106990000132000090${index}`, kind: 'fixed' },
    geometry: { coordinates: [west + (east - west) * share, south + (north - south) * (1 - share)] }
  }));
  const found = [...(await things(world, 'cameras', 30)), ...fresh];
  const rows = found.map(({ properties, geometry: { coordinates } }) => [
    `"${properties.code}"`,
    coordinates[1].toFixed(7),
    coordinates[0].toFixed(7),
    properties.kind ?? '',
    '巡检完好'
  ]);
  const table = [['设备编号', '东经', '北纬', '类型', '备注'], ...rows];
  return {
    name: '摄像头.csv',
    content: Buffer.from('\ufeff' + table.map((row) => row.join(',')).join('\n')),
    fresh: fresh.map(({ properties }) => properties.code)
  };
}

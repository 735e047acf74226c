import grpc
import pandas
from equity.v1 import consultation_channel_service_pb2 as ask, consultation_channel_service_pb2_grpc as service
stub = service.ConsultationChannelServiceStub(grpc.insecure_channel("localhost:7443"))
query = {"area": "QK1", "period": {"first": "2020-01", "last": "2020-12"}, "by": ["month"]}
breakdown = stub.GetChannelBreakdown(ask.GetChannelBreakdownRequest(query=query)).breakdown
rows = [{column.id: cell for column, cell in zip(breakdown.columns, row.cells)} for row in breakdown.rows]
values = [{name: cell.value if cell.HasField("value") else None for name, cell in row.items()} for row in rows]
keys = ["/".join(key.code for key in row.keys) or "total" for row in breakdown.rows]
print(pandas.DataFrame(values, index=keys))
